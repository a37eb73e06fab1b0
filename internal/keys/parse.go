package keys

import (
	"fmt"
	"strconv"
	"strings"
)

// DamagedError means that something other than cpgate wrote over a key. Deleting it mends this.
type DamagedError struct{ Key string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the key %q was written over by something that is not cpgate; deleting it mends this", e.Key)
}

// Kind says what a key is.
type Kind int

// The kinds that others have to tell apart. The zero Kind is anything else.
const (
	_ Kind = iota
	LockTicket
	SemaphoreRecord
	SemaphoreTicket
	SharedMemo // of a request without a session
	LatchRecord
	Arrival
)

// GroupOf returns what a key belongs to: to a lock, semaphore or latch, as what all of its keys but the record start
// with ("cp/lock/orders/" for "cp/lock/orders/7a/b", whatever the depth below it), or to one semaphore's or latch's
// memos without a session. Of any other key the kind is 0.
func (s Space) GroupOf(key string) (group string, k Kind) {
	for _, r := range []struct {
		root          string
		record, below Kind
	}{
		{s.Locks(), 0, LockTicket},
		{s.Semaphores(), SemaphoreRecord, SemaphoreTicket},
		{s.Latches(), LatchRecord, Arrival},
		{s.prefix + "memo/-/semaphore/", 0, SharedMemo},
		{s.prefix + "memo/-/latch/", 0, SharedMemo},
	} {
		rest, ok := strings.CutPrefix(key, r.root)
		if !ok {
			continue
		}
		switch i := strings.IndexByte(rest, '/'); {
		case i > 0:
			return key[:len(r.root)+i+1], r.below
		case i < 0 && rest != "" && r.record != 0:
			return key + "/", r.record
		}
		return "", 0
	}
	return "", 0
}

// RecordOf returns the record of a semaphore or latch by its group.
func RecordOf(group string) string { return strings.TrimSuffix(group, "/") }

// NameOf returns the name of what is below root (Locks, Semaphores, Latches) by its group. ok is false where no name is
// spelled so.
func NameOf(root, group string) (n Name, ok bool) {
	seg, ok := strings.CutPrefix(strings.TrimSuffix(group, "/"), root)
	if !ok {
		return "", false
	}
	name, err := unescape(seg)
	if err != nil {
		return "", false
	}
	parsed, err := ParseName(name)
	return parsed, err == nil && string(parsed) == name
}

// ParseLockTicket returns whose ticket in a lock's line it is. ok is false for a key that cpgate would not spell so.
func ParseLockTicket(line, key string) (sid int64, owner string, ok bool) {
	id, escaped, dotted := strings.Cut(strings.TrimPrefix(key, line), ".")
	sid, err := ParseHex(id)
	if err != nil {
		return 0, "", false
	}
	owner, err = unescape(escaped)
	if err != nil || dotted != (owner != "") || CheckOwner(owner) != nil {
		return 0, "", false
	}
	return sid, owner, true
}

// ParseForced returns of which session's hold, of which lock and under which fence, a key is the trace that Forced spells. ok
// is false for a key that cpgate would not spell so.
func (s Space) ParseForced(key string) (sid int64, n Name, fence int64, ok bool) {
	rest, ok := strings.CutPrefix(key, s.prefix+"memo/")
	if !ok {
		return 0, "", 0, false
	}
	id, rest, _ := strings.Cut(rest, "/")
	rest, ok = strings.CutPrefix(rest, "forced/")
	sid, err := ParseHex(id)
	if !ok || err != nil {
		return 0, "", 0, false
	}
	name, number, _ := strings.Cut(rest, "/")
	fence, err = strconv.ParseInt(number, 10, 64)
	if err != nil || fence <= 0 || strconv.FormatInt(fence, 10) != number {
		return 0, "", 0, false
	}
	n, ok = NameOf("", name)
	return sid, n, fence, ok
}

// ParseSemaphoreTicket returns whose ticket in a semaphore's line it is, for which request; sid is 0 without a session.
// ok is false for a key that cpgate would not spell so.
func ParseSemaphoreTicket(line, key string) (sid int64, request string, ok bool) {
	id, escaped, _ := strings.Cut(strings.TrimPrefix(key, line), ".")
	if id != "-" {
		var err error
		if sid, err = ParseHex(id); err != nil {
			return 0, "", false
		}
	}
	request, err := unescape(escaped)
	return sid, request, err == nil && CheckRequestID(request) == nil
}

// ParseArrival returns the round in which a key of a latch's group is an arrival. ok is false for a key that cpgate
// would not spell so.
func ParseArrival(group, key string) (round int64, ok bool) {
	number, request, ok := strings.Cut(strings.TrimPrefix(key, group), "/")
	round, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || round <= 0 || strconv.FormatInt(round, 10) != number {
		return 0, false
	}
	if id, err := unescape(request); err != nil || CheckRequestID(id) != nil {
		return 0, false
	}
	return round, true
}
