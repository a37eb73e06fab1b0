package linearizability

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// lockEvents are what a call did to its lock; nil when the call is not about locks.
func lockEvents(c call) []event {
	switch q := c.request.(type) {
	case *cpgatev1.LockRequest:
		return locking(c, q)
	case *cpgatev1.UnlockRequest:
		return unlocking(c, q)
	case *cpgatev1.CancelLockRequest:
		return cancellingLock(c, q)
	case *cpgatev1.ForceUnlockRequest:
		return forcing(c, q)
	case *cpgatev1.GetLockRequest:
		return gettingLock(c)
	}
	return nil
}

// onLock is an event that changes a lock.
func onLock(what string, from, to int64, do func(*lock) bool) event {
	return at(what, from, to, func(o object) bool { return do(o.(*lock)) })
}

func locking(c call, q *cpgatev1.LockRequest) []event {
	who, id := caller{q.GetSessionId(), q.GetOwner()}, q.GetRequestId()
	what := fmt.Sprintf("lock %s by %v", id, who)
	g := ghost{
		id: id, what: what, from: c.from, to: c.to,
		takes:  func(o object) bool { return o.known().alive(who.session) && o.(*lock).take(who, id) },
		undoes: func(o object) { o.(*lock).drop(who, id) },
	}
	if !c.known {
		return append(g.events(), g.vanishes())
	}
	switch c.reason {
	case "":
	case expired:
		return append(g.events(), g.before(told(what, who.session, c)))
	case "WAIT_CANCELLED":
		return append(g.events(), g.vanishes())
	case "OWNERSHIP_LOST": // the hold was forced before its caller was told of it
		return append(g.events(), g.before(onLock(what+" -> ownership lost", c.from, c.to, func(l *lock) bool {
			return slices.ContainsFunc(l.forced, func(hold string) bool { return strings.HasPrefix(hold, who.String()+" ") })
		})))
	default:
		return never(c, what)
	}
	if c.attempts == 1 {
		return []event{locked(c, what, who, id)} // it held when it was answered, or never
	}
	return append(g.events(), g.before(locked(c, what, who, id)))
}

// locked is what an answer says.
func locked(c call, what string, who caller, id string) event {
	a := c.answer.(*cpgatev1.LockResponse)
	if a.GetOutcome() == cpgatev1.LockResponse_ACQUIRED {
		return onLock(fmt.Sprintf("%s -> fence %d, %d times", what, a.GetFence(), a.GetHoldCount()), c.from, c.to,
			func(l *lock) bool {
				return l.alive(who.session) && l.take(who, id) && l.see(a.GetFence()) && len(l.holds) == int(a.GetHoldCount())
			})
	}
	return onLock(fmt.Sprintf("%s -> refused, held by %s", what, ticket(a.GetHolder())), c.from, c.to, func(l *lock) bool {
		return a.GetOutcome() == cpgatev1.LockResponse_NOT_ACQUIRED && l.alive(who.session) && !l.free() &&
			!l.heldBy(who) && (a.GetHolder() == nil || l.shows(a.GetHolder()))
	})
}

// shows reports whether a ticket is the holder's.
func (l *lock) shows(t *cpgatev1.Ticket) bool {
	return l.heldBy(caller{t.GetSessionId(), t.GetOwner()}) && l.see(t.GetFence())
}

func ticket(t *cpgatev1.Ticket) string {
	if t == nil {
		return "nobody"
	}
	return fmt.Sprintf("%v, fence %d", caller{t.GetSessionId(), t.GetOwner()}, t.GetFence())
}

func unlocking(c call, q *cpgatev1.UnlockRequest) []event {
	who, fence := caller{q.GetSessionId(), q.GetOwner()}, q.GetFence()
	what := fmt.Sprintf("unlock %v, fence %d", who, fence)
	holds := func(l *lock) bool { return l.alive(who.session) && l.heldBy(who) && l.goesBy(fence) }
	perhaps := onLock("perhaps: "+what, c.from, c.to, func(l *lock) bool {
		if holds(l) {
			l.pop()
		}
		return true
	})
	if !c.known {
		return []event{perhaps}
	}
	var all []event
	if c.attempts > 1 || c.reason == expired {
		all = append(all, perhaps) // an attempt that was not answered
	}
	switch c.reason {
	case "":
		return unlocked(c, what, who, fence, holds, perhaps)
	case expired:
		return append(all, told(what, who.session, c))
	case "NOT_HOLDER":
		return append(all, onLock(what+" -> not holder", c.from, c.to, func(l *lock) bool {
			return l.alive(who.session) && !(l.heldBy(who) && l.surely(fence))
		}))
	case "OWNERSHIP_LOST":
		return append(all, onLock(what+" -> ownership lost", c.from, c.to, func(l *lock) bool {
			return l.alive(who.session) && !(l.heldBy(who) && l.surely(fence)) && l.wasForced(who, fence)
		}))
	}
	return never(c, what)
}

func unlocked(c call, what string, who caller, fence int64, holds func(*lock) bool, perhaps event) []event {
	a := c.answer.(*cpgatev1.UnlockResponse)
	if !a.GetAlreadyReleased() {
		return []event{onLock(fmt.Sprintf("%s -> %d left", what, a.GetHoldCount()), c.from, c.to, func(l *lock) bool {
			if !holds(l) {
				return false
			}
			l.pop()
			return (l.heldBy(who) && len(l.holds) == int(a.GetHoldCount())) || (l.free() && a.GetHoldCount() == 0)
		})}
	}
	already := onLock(what+" -> released already", c.from, c.to, func(l *lock) bool {
		return l.alive(who.session) && fence != 0 && !(l.heldBy(who) && l.surely(fence)) &&
			!l.forced.has(deposed(who, fence))
	})
	if c.attempts == 1 {
		return []event{already}
	}
	return []event{perhaps, already}
}

func cancellingLock(c call, q *cpgatev1.CancelLockRequest) []event {
	who, id := caller{q.GetSessionId(), q.GetOwner()}, q.GetRequestId()
	what := fmt.Sprintf("cancel lock %s of %v", id, who)
	cancel := func(l *lock) bool {
		l.confess(id)
		l.drop(who, id)
		return true
	}
	switch a, _ := c.answer.(*cpgatev1.CancelLockResponse); {
	case !c.known:
		return []event{onLock("perhaps: "+what, c.from, c.to, cancel)}
	case c.reason == expired:
		return []event{told(what, who.session, c)}
	case c.reason != "":
		return never(c, what)
	default:
		return []event{onLock(fmt.Sprintf("%s -> %v", what, a.GetCancelled()), c.from, c.to, func(l *lock) bool {
			held := len(l.holds)
			cancel(l)
			return l.alive(who.session) && (a.GetCancelled() || c.attempts > 1 || len(l.holds) == held)
		})}
	}
}

func forcing(c call, q *cpgatev1.ForceUnlockRequest) []event {
	what := fmt.Sprintf("force fence %d", q.GetFence())
	can := func(l *lock) bool { return !l.free() && l.goesBy(q.GetFence()) }
	if !c.known {
		return []event{onLock("perhaps: "+what, c.from, c.to, func(l *lock) bool {
			if can(l) {
				l.force()
			}
			return true
		})}
	}
	if c.reason != "" {
		return never(c, what)
	}
	a := c.answer.(*cpgatev1.ForceUnlockResponse)
	what = fmt.Sprintf("%s -> %s", what, ticket(a.GetHolder()))
	if !a.GetReleased() {
		return []event{onLock(what, c.from, c.to, func(l *lock) bool { return l.free() || !l.surely(q.GetFence()) })}
	}
	// It was held, and is not any more: of several that force it at the same time more than one may be told so.
	return chain(fmt.Sprint("force ", c.from), onLock("held: "+what, c.from, c.to, func(l *lock) bool {
		return can(l) && l.shows(a.GetHolder())
	}), onLock(what, c.from, c.to, func(l *lock) bool {
		if l.fence == a.GetHolder().GetFence() {
			l.force()
		}
		return true
	}))
}

func gettingLock(c call) []event {
	if !c.known {
		return nil
	}
	if c.reason != "" {
		return never(c, "get")
	}
	a := c.answer.(*cpgatev1.GetLockResponse).GetLock()
	what := fmt.Sprintf("get -> %s, fence %d, %d times", ticket(a.GetHolder()), a.GetFence(), a.GetHoldCount())
	return []event{onLock(what, c.from, c.to, func(l *lock) bool {
		for _, w := range a.GetWaiters() {
			if !l.alive(w.GetSessionId()) {
				return false // X1
			}
		}
		if a.GetHolder() == nil {
			return l.free() && a.GetFence() == 0 && a.GetHoldCount() == 0
		}
		return l.shows(a.GetHolder()) && l.fence == a.GetFence() && len(l.holds) == int(a.GetHoldCount())
	})}
}

// cancelled is the request that m cancels.
func cancelled(m proto.Message) (request string, ok bool) {
	switch q := m.(type) {
	case *cpgatev1.CancelLockRequest:
		return q.GetRequestId(), true
	case *cpgatev1.CancelAcquireRequest:
		return q.GetRequestId(), true
	}
	return "", false
}
