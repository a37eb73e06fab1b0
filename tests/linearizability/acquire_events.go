package linearizability

import (
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// acquiring is a call that may stand in line, and so be what another one is refused for. A wait that was ended may have
// been admitted for a moment before.
func acquiring(c call, q *cpgatev1.AcquireRequest) []event {
	who, id, permits := caller{q.GetSessionId(), q.GetOwner()}, q.GetRequestId(), 1
	if q.Permits != nil {
		permits = int(q.GetPermits())
	}
	what := fmt.Sprintf("acquire %d, %s by %v", permits, id, who)
	waits := q.GetTimeout() == nil || q.GetTimeout().AsDuration() > 0 || c.attempts > 1
	if !waits && c.known {
		return []event{answered(c, q, what, permits, false)}
	}
	a, _ := c.answer.(*cpgatev1.AcquireResponse)
	all := []event{onSemaphore("in line: "+what, c.from, c.to, func(s *semaphore) bool {
		if c.known {
			s.waiting = s.waiting.with(id)
		} else {
			s.lingering = s.lingering.with(id)
		}
		return true
	})}
	if a.GetOutcome() == cpgatev1.AcquireResponse_NOT_ACQUIRED {
		all = append(all, onSemaphore("has to wait: "+what, c.from, c.to, func(s *semaphore) bool {
			return s.lacks(permits, id)
		}))
	}
	ready := stage(id, len(all)-1)
	g := ghost{
		id: id, what: what, from: c.from + int64(len(all)), to: c.to,
		takes: func(o object) bool {
			s := o.(*semaphore)
			if !s.stages.has(ready) || !s.alive(who.session) || !s.fits(permits) {
				return false
			}
			s.lent, s.waiting = s.lent.add(shadow(who, id), permits), s.waiting.without(id)
			return true
		},
		undoes: func(o object) { o.(*semaphore).undo(who, id) },
	}
	if a.GetOutcome() == cpgatev1.AcquireResponse_ACQUIRED && c.attempts == 1 {
		return chain(id, append(all, answered(c, q, what, permits, true))...)
	}
	end := onSemaphore("out of line: "+what, c.to-1, c.to-1, func(s *semaphore) bool {
		s.lingering = s.lingering.without(id)
		return true
	})
	if c.known {
		end = answered(c, q, what, permits, true)
	}
	all = append(all, g.before(end))
	return append(chain(id, all...), g.events()...)
}

// shadow is who has the permits that a request of unknown outcome took: told apart from what its caller was told of.
// Without a session they are lent all the same, for the cluster may take them back.
func shadow(who caller, request string) caller { return caller{who.session, who.owner + "?" + request} }

// undo gives back what a request took that was not answered.
func (s *semaphore) undo(who caller, request string) {
	s.lent = s.lent.take(shadow(who, request), s.lent.of(shadow(who, request)))
}

// lacks reports whether a request for permits has to wait: there are too few, or others wait.
func (s *semaphore) lacks(permits int, request string) bool {
	if s.waiting.others(request) || s.lingering.others(request) {
		return true
	}
	if s.limit >= permits {
		s.witness() // of those who have so much that there are too few
	}
	return !s.fits(permits)
}

// answered is the event of what a call to acquire was told, which may have stood in line.
func answered(c call, q *cpgatev1.AcquireRequest, what string, permits int, waited bool) event {
	who, id := caller{q.GetSessionId(), q.GetOwner()}, q.GetRequestId()
	leave := func(s *semaphore) bool { return s.leave(id) || c.attempts > 1 }
	switch c.reason {
	case "":
	case expired:
		return onSemaphore(what+" -> session expired", c.from, c.to, func(s *semaphore) bool {
			leave(s)
			return !s.alive(who.session)
		})
	case "WAIT_CANCELLED":
		return onSemaphore(what+" -> cancelled", c.from, c.to, func(s *semaphore) bool { leave(s); return true })
	case "DESTROYED":
		return onSemaphore(what+" -> destroyed", c.from, c.to, func(s *semaphore) bool {
			return !s.leave(id) || c.attempts > 1
		})
	default:
		return never(c, what)[0]
	}
	a := c.answer.(*cpgatev1.AcquireResponse)
	if a.GetOutcome() == cpgatev1.AcquireResponse_ACQUIRED {
		return onSemaphore(what+" -> acquired", c.from, c.to, func(s *semaphore) bool {
			return leave(s) && s.alive(who.session) && s.take(who, permits)
		})
	}
	what = fmt.Sprintf("%s -> refused, %d available", what, a.GetAvailable())
	return onSemaphore(what, c.from, c.to, func(s *semaphore) bool {
		if waited { // it was seen that it had to, and may have been admitted just when it went
			return leave(s) && s.alive(who.session)
		}
		s.witness()
		return s.alive(who.session) && s.lacks(permits, id) &&
			s.available() == int(a.GetAvailable())
	})
}

func cancellingAcquire(c call, q *cpgatev1.CancelAcquireRequest, who caller) []event {
	id := q.GetRequestId()
	what := fmt.Sprintf("cancel acquire %s of %v", id, who)
	cancel := func(s *semaphore) bool {
		s.confess(id)
		s.undo(who, id)
		s.lingering = s.lingering.without(id)
		return true
	}
	switch {
	case !c.known:
		return []event{onSemaphore("perhaps: "+what, c.from, c.to, cancel)}
	case c.reason == expired:
		return []event{told(what, who.session, c)}
	case c.reason != "":
		return never(c, what)
	}
	did := c.answer.(*cpgatev1.CancelAcquireResponse).GetCancelled()
	return []event{onSemaphore(fmt.Sprintf("%s -> %v", what, did), c.from, c.to, func(s *semaphore) bool {
		held := s.available()
		cancel(s)
		return s.alive(who.session) && (did || c.attempts > 1 || s.available() == held)
	})}
}

func draining(c call, q *cpgatev1.DrainPermitsRequest) []event {
	who, id := caller{q.GetSessionId(), q.GetOwner()}, q.GetRequestId()
	what := "drain " + id + " by " + who.String()
	g := ghost{
		id: id, what: what, from: c.from, to: c.to,
		takes: func(o object) bool {
			s := o.(*semaphore)
			n := s.available()
			switch {
			case !s.alive(who.session), !s.initialized, n == 0, n > 0 && s.waiting.others(""):
				return false
			case n < 0:
				s.limit -= n
			default:
				s.lent = s.lent.add(shadow(who, id), n)
			}
			return true
		},
		undoes: func(o object) { o.(*semaphore).undo(who, id) },
	}
	switch {
	case !c.known:
		return append(g.events(), g.vanishes())
	case c.reason == expired:
		return append(g.events(), g.before(told(what, who.session, c)))
	case c.reason == "NOT_INITIALIZED":
		return uninitialized(c, what)
	case c.reason != "":
		return never(c, what)
	}
	n := int(c.answer.(*cpgatev1.DrainPermitsResponse).GetDrained())
	drained := onSemaphore(fmt.Sprintf("%s -> %d", what, n), c.from, c.to, func(s *semaphore) bool {
		if n == 0 && (s.available() < 0 && s.waiting.others("") || s.lingering.others("")) {
			return s.initialized && s.alive(who.session) // of two rules none comes first; and somebody may have waited
		}
		return s.initialized && s.alive(who.session) && s.drain(who) == n
	})
	if c.attempts > 1 {
		return append(g.events(), g.before(drained))
	}
	return []event{drained}
}
