// Package keys is the one place where cpgate's etcd keys are spelled, in both directions:
//
//	cp/session/<sid>                              the marker of a session
//	cp/lock/<name>/<sid>[.<owner>]                a ticket in a lock's line
//	cp/semaphore/<name>                           a semaphore's record: its limit, or what is available
//	cp/semaphore/<name>/<sid>.<request>           a ticket in its line
//	cp/semaphore/<name>/-.<request>               the same without a session
//	cp/latch/<name>                               a latch's record: the count of its round
//	cp/latch/<name>/<round>/<request>             an arrival
//	cp/memo/<sid>/<kind>/<name>/<request>         the answer to a request that left no other trace
//	cp/memo/-/<kind>/<name>/<request>             the answer to a request without a session
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

// Semaphores returns what every key of every semaphore starts with.
func (s Space) Semaphores() string { return s.prefix + "semaphore/" }

// Semaphore returns the record of the semaphore.
func (s Space) Semaphore(n Name) string { return s.Semaphores() + escape(string(n)) }

// SemaphoreLine returns what every ticket of the semaphore starts with.
func (s Space) SemaphoreLine(n Name) string { return s.Semaphore(n) + "/" }

// SemaphoreTicket returns the ticket of a session's request in the semaphore's line; without a session, sid is 0.
func (s Space) SemaphoreTicket(n Name, sid int64, request string) string {
	return s.SemaphoreLine(n) + holder(sid) + "." + escape(request)
}

// Latches returns what every key of every latch starts with.
func (s Space) Latches() string { return s.prefix + "latch/" }

// Latch returns the record of the latch.
func (s Space) Latch(n Name) string { return s.Latches() + escape(string(n)) }

// LatchRound returns what every arrival in a round of the latch starts with.
func (s Space) LatchRound(n Name, round int64) string {
	return s.Latch(n) + "/" + strconv.FormatInt(round, 10) + "/"
}

// Arrival returns the arrival of a request in a round of the latch.
func (s Space) Arrival(n Name, round int64, request string) string {
	return s.LatchRound(n, round) + escape(request)
}

// SessionMemos returns what every memo of the session starts with.
func (s Space) SessionMemos(sid int64) string { return s.prefix + "memo/" + Hex(sid) + "/" }

// LockMemo returns the memo of a request to a lock.
func (s Space) LockMemo(sid int64, n Name, request string) string {
	return s.SessionMemos(sid) + "lock/" + escape(string(n)) + "/" + escape(request)
}

// SemaphoreMemos returns what every memo of a request to the semaphore starts with; without a session, sid is 0.
func (s Space) SemaphoreMemos(sid int64, n Name) string {
	return s.prefix + "memo/" + holder(sid) + "/semaphore/" + escape(string(n)) + "/"
}

// SemaphoreMemo returns the memo of a request to a semaphore; without a session, sid is 0.
func (s Space) SemaphoreMemo(sid int64, n Name, request string) string {
	return s.SemaphoreMemos(sid, n) + escape(request)
}

// LatchMemos returns what every memo of a request that set the latch, or was to set it, starts with.
func (s Space) LatchMemos(n Name) string { return s.prefix + "memo/-/latch/" + escape(string(n)) + "/" }

// LatchMemo returns the memo of a request that set the latch, or was to set it.
func (s Space) LatchMemo(n Name, request string) string { return s.LatchMemos(n) + escape(request) }

// Traces returns what every trace starts with that a hold of the session was taken away by force.
func (s Space) Traces(sid int64) string { return s.SessionMemos(sid) + "forced/" }

// Forced returns the trace that a hold with that fence was taken away by force.
func (s Space) Forced(sid int64, n Name, fence int64) string {
	return s.Traces(sid) + escape(string(n)) + "/" + strconv.FormatInt(fence, 10)
}

// Gateways returns what every gateway's marker starts with.
func (s Space) Gateways() string { return s.prefix + "gateway/" }

// Gateway returns the marker of a gateway; id is of our making and needs no escape.
func (s Space) Gateway(id string) string { return s.Gateways() + id }

// Hex spells a lease id as etcd's clients do.
func Hex(id int64) string { return strconv.FormatInt(id, 16) }

// holder spells a session, or that there is none.
func holder(sid int64) string {
	if sid == 0 {
		return "-"
	}
	return Hex(sid)
}

func ticket(sid int64, owner string) string {
	if owner == "" {
		return Hex(sid)
	}
	return Hex(sid) + "." + escape(owner)
}

// CallOf names the n-th call through a gateway, in whatever it touches.
func CallOf(gateway string, n uint64) string { return gateway + "." + strconv.FormatUint(n, 36) }

// GatewayOf returns the gateway of the call that CallOf named so.
func GatewayOf(call string) string {
	gateway, _, _ := strings.Cut(call, ".")
	return gateway
}
