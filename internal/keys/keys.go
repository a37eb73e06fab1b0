// Package keys is the one place where cpgate's etcd keys are spelled, in both directions:
//
//	cp/session/<sid>                              the marker of a session
//	cp/lock/<name>/<sid>[.<owner>]                a ticket in a lock's line
//	cp/memo/<sid>/<kind>/<name>/<request>         the answer to a request that left no other trace
//	cp/gateway/<id>                               the marker of a gateway
//
// <sid> is the session's lease id in lower-case hex without padding. That is exactly how etcd's own
// concurrency.Mutex spells its keys, so that it, etcdctl lock and v3lock stand in the same line as cpgate.
// Names, owners and request ids are escaped: no name's keys fall under another's.
package keys

import (
	"strconv"
	"strings"
)

// Space is the range of keys that cpgate calls its own: all that start with its prefix, "cp/" by default.
type Space struct{ prefix string }

// NewSpace returns the space below prefix, which ends with a slash.
func NewSpace(prefix string) Space { return Space{prefix} }

// Prefix returns what every key of the space starts with.
func (s Space) Prefix() string { return s.prefix }

// Sessions returns what every session's marker starts with.
func (s Space) Sessions() string { return s.prefix + "session/" }

// Session returns the marker of the session with lease sid.
func (s Space) Session(sid int64) string { return s.Sessions() + Hex(sid) }

// Locks returns what every lock's ticket starts with.
func (s Space) Locks() string { return s.prefix + "lock/" }

// LockLine returns what every ticket of the lock starts with.
func (s Space) LockLine(n Name) string { return s.Locks() + escape(string(n)) + "/" }

// LockTicket returns the ticket of a caller in the lock's line.
func (s Space) LockTicket(n Name, sid int64, owner string) string {
	return s.LockLine(n) + ticket(sid, owner)
}

// SessionMemos returns what every memo of the session starts with.
func (s Space) SessionMemos(sid int64) string { return s.prefix + "memo/" + Hex(sid) + "/" }

// LockMemo returns the memo of a request to a lock.
func (s Space) LockMemo(sid int64, n Name, request string) string {
	return s.SessionMemos(sid) + "lock/" + escape(string(n)) + "/" + escape(request)
}

// Forced returns the trace that a hold with that fence was taken away by force.
func (s Space) Forced(sid int64, n Name, fence int64) string {
	return s.SessionMemos(sid) + "forced/" + escape(string(n)) + "/" + strconv.FormatInt(fence, 10)
}

// Gateways returns what every gateway's marker starts with.
func (s Space) Gateways() string { return s.prefix + "gateway/" }

// Gateway returns the marker of a gateway; id is of our making and needs no escape.
func (s Space) Gateway(id string) string { return s.Gateways() + id }

// Hex spells a lease id as etcd's clients do.
func Hex(id int64) string { return strconv.FormatInt(id, 16) }

func ticket(sid int64, owner string) string {
	if owner == "" {
		return Hex(sid)
	}
	return Hex(sid) + "." + escape(owner)
}

// LineOf returns the line that a key is a ticket of, whatever its depth below it: "cp/lock/orders/" for
// "cp/lock/orders/7a/b". ok is false for a key that is no ticket.
func (s Space) LineOf(key string) (line string, ok bool) {
	locks := s.Locks()
	rest, ok := strings.CutPrefix(key, locks)
	if !ok {
		return "", false
	}
	i := strings.IndexByte(rest, '/')
	if i <= 0 {
		return "", false
	}
	return key[:len(locks)+i+1], true
}

// LockName returns the name of the lock with that line. ok is false where no name is spelled so.
func (s Space) LockName(line string) (n Name, ok bool) {
	seg, ok := strings.CutPrefix(strings.TrimSuffix(line, "/"), s.Locks())
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

// ParseTicket returns whose ticket it is. ok is false for a key that cpgate would not spell so.
func ParseTicket(line, key string) (sid int64, owner string, ok bool) {
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
