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
	perhaps := maybe(what, c.from, c.to,
		func(o object) bool {
			s := o.(*semaphore)
			if s.begins(id, who.session) && s.fits(permits) {
				s.lent = s.lent.add(shadow(who, id), permits)
			}
			return true
		},
		func(o object) bool { o.(*semaphore).undo(who, id); return true })
	waits := q.GetTimeout() == nil || q.GetTimeout().AsDuration() > 0 || c.attempts > 1
	if !waits && c.known {
		return answers(c, q, what, permits, nil)
	}
	queue := onSemaphore("in line: "+what, c.from, c.to, func(s *semaphore) bool { s.queue(id); return true })
	if !c.known {
		return append(perhaps, queue, onSemaphore("out of line: "+what, c.from, c.to, func(s *semaphore) bool {
			s.leave(id)
			return true
		}))
	}
	all := append([]event{queue}, answers(c, q, what, permits, &id)...)
	if a, ok := c.answer.(*cpgatev1.AcquireResponse); ok && a.GetOutcome() == cpgatev1.AcquireResponse_ACQUIRED && c.attempts == 1 {
		return all
	}
	return append(perhaps, all...)
}

// shadow is who has the permits that a request of unknown outcome took: told apart from what its caller was told of.
// Without a session they are lent all the same, for the cluster may take them back.
func shadow(who caller, request string) caller { return caller{who.session, who.owner + "?" + request} }

// undo gives back what a request took that was not answered.
func (s *semaphore) undo(who caller, request string) {
	s.abandons(request)
	s.lent = s.lent.take(shadow(who, request), s.lent.of(shadow(who, request)))
}

// answers are the events of what a call to acquire was told; with line, it is the request that stood there.
func answers(c call, q *cpgatev1.AcquireRequest, what string, permits int, line *string) []event {
	who := caller{q.GetSessionId(), q.GetOwner()}
	leave := func(s *semaphore) bool { return line == nil || s.leave(*line) || c.attempts > 1 }
	switch c.reason {
	case "":
	case expired:
		return []event{onSemaphore(what+" -> session expired", c.from, c.to, func(s *semaphore) bool {
			leave(s)
			return !s.alive(who.session)
		})}
	case "WAIT_CANCELLED":
		return []event{onSemaphore(what+" -> cancelled", c.from, c.to, func(s *semaphore) bool { leave(s); return true })}
	case "DESTROYED":
		return []event{onSemaphore(what+" -> destroyed", c.from, c.to, func(s *semaphore) bool {
			return line != nil && !s.leave(*line) || c.attempts > 1
		})}
	default:
		return never(c, what)
	}
	a := c.answer.(*cpgatev1.AcquireResponse)
	if a.GetOutcome() == cpgatev1.AcquireResponse_ACQUIRED {
		return []event{onSemaphore(what+" -> acquired", c.from, c.to, func(s *semaphore) bool {
			return leave(s) && s.alive(who.session) && s.take(who, permits)
		})}
	}
	what = fmt.Sprintf("%s -> refused, %d available", what, a.GetAvailable())
	return []event{onSemaphore(what, c.from, c.to, func(s *semaphore) bool {
		lacks := !s.fits(permits) || s.waiting.others(q.GetRequestId())
		counts := line != nil || s.available() == int(a.GetAvailable()) // a wait had its own place in line
		return leave(s) && s.alive(who.session) && lacks && counts
	})}
}

func cancellingAcquire(c call, q *cpgatev1.CancelAcquireRequest, who caller) []event {
	id := q.GetRequestId()
	what := fmt.Sprintf("cancel acquire %s of %v", id, who)
	cancel := func(s *semaphore) bool { s.undo(who, id); return true }
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
		return s.alive(who.session) && (did || s.available() == held)
	})}
}

func draining(c call, q *cpgatev1.DrainPermitsRequest) []event {
	who, id := caller{q.GetSessionId(), q.GetOwner()}, q.GetRequestId()
	what := "drain " + id + " by " + who.String()
	perhaps := maybe(what, c.from, c.to,
		func(o object) bool {
			s := o.(*semaphore)
			if !s.begins(id, who.session) || !s.initialized {
				return true
			}
			if n := s.available(); n < 0 {
				s.limit -= n
			} else if n > 0 && !s.waiting.others("") {
				s.lent = s.lent.add(shadow(who, id), n)
			}
			return true
		},
		func(o object) bool { o.(*semaphore).undo(who, id); return true })
	switch {
	case !c.known:
		return perhaps
	case c.reason == expired:
		return append(perhaps, told(what, who.session, c))
	case c.reason == "NOT_INITIALIZED":
		return uninitialized(c, what)
	case c.reason != "":
		return never(c, what)
	}
	n := int(c.answer.(*cpgatev1.DrainPermitsResponse).GetDrained())
	drained := onSemaphore(fmt.Sprintf("%s -> %d", what, n), c.from, c.to, func(s *semaphore) bool {
		if n == 0 && s.available() < 0 && s.waiting.others("") {
			return s.alive(who.session) // both rules apply, and neither comes first
		}
		return s.initialized && s.alive(who.session) && s.drain(who) == n
	})
	if c.attempts > 1 {
		return append(perhaps, drained)
	}
	return []event{drained}
}
