package linearizability

import (
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// semaphoreEvents are what a call did to its semaphore; nil when the call is not about semaphores. Owner is who took
// the permits of a ticket.
func semaphoreEvents(c call, owner func(ticket string) string) []event {
	switch q := c.request.(type) {
	case *cpgatev1.InitSemaphoreRequest:
		return initializing(c, q)
	case *cpgatev1.AcquireRequest:
		return acquiring(c, q)
	case *cpgatev1.CancelAcquireRequest:
		return cancellingAcquire(c, q, caller{q.GetSessionId(), owner(q.GetRequestId())})
	case *cpgatev1.ReleaseRequest:
		return releasing(c, q, owner)
	case *cpgatev1.DrainPermitsRequest:
		return draining(c, q)
	case *cpgatev1.IncreasePermitsRequest:
		return changing(c, int(q.GetPermits()))
	case *cpgatev1.ReducePermitsRequest:
		return changing(c, -int(q.GetPermits()))
	case *cpgatev1.GetSemaphoreRequest:
		return gettingSemaphore(c)
	case *cpgatev1.DestroySemaphoreRequest:
		return destroyingSemaphore(c)
	}
	return nil
}

// onSemaphore is an event that changes a semaphore.
func onSemaphore(what string, from, to int64, do func(*semaphore) bool) event {
	return at(what, from, to, func(o object) bool { return do(o.(*semaphore)) })
}

// uninitialized is the answer that a semaphore has no permits yet.
func uninitialized(c call, what string) []event {
	return []event{onSemaphore(what+" -> not initialized", c.from, c.to, func(s *semaphore) bool { return !s.initialized })}
}

func initializing(c call, q *cpgatev1.InitSemaphoreRequest) []event {
	what := fmt.Sprintf("init %d", q.GetPermits())
	initialize := func(s *semaphore) bool {
		if s.initialized {
			return false
		}
		s.initialized, s.sessionless, s.limit = true, q.GetSessionless(), int(q.GetPermits())
		return true
	}
	if !c.known {
		return []event{onSemaphore("perhaps: "+what, c.from, c.to, func(s *semaphore) bool { initialize(s); return true })}
	}
	if c.reason != "" {
		return never(c, what)
	}
	did := c.answer.(*cpgatev1.InitSemaphoreResponse).GetInitialized()
	return []event{onSemaphore(fmt.Sprintf("%s -> %v", what, did), c.from, c.to, func(s *semaphore) bool {
		return initialize(s) == did
	})}
}

func releasing(c call, q *cpgatev1.ReleaseRequest, owner func(string) string) []event {
	who, n := caller{q.GetSessionId(), q.GetOwner()}, int(q.GetPermits())
	if q.GetTicketId() != "" {
		who.owner = owner(q.GetTicketId())
	} else if q.Permits == nil {
		n = 1
	}
	what := fmt.Sprintf("release %d of %v %s", n, who, q.GetTicketId())
	release := func(s *semaphore) (released int, ok bool) {
		if who.session != "" && n > s.lent.of(who) {
			s.witness() // it may give back what an unanswered request got
		}
		switch {
		case !s.initialized, who.session != "" && !s.alive(who.session):
			return 0, false
		case who.session == "":
			s.limit += n
			return n, true
		case q.GetTicketId() != "":
			released = s.lent.of(who)
			s.lent = s.lent.take(who, released)
			return released, released > 0
		case s.lent.in(who.session) < n:
			return 0, false
		}
		s.lent = s.lent.take(who, n)
		return n, true
	}
	perhaps := onSemaphore("perhaps: "+what, c.from, c.to, func(s *semaphore) bool { release(s); return true })
	lacks := func(s *semaphore) bool { _, ok := release(s); return !ok && s.alive(who.session) }
	switch {
	case !c.known:
		return []event{perhaps}
	case c.reason == expired:
		return []event{perhaps, told(what, who.session, c)}
	case c.reason == "PERMITS_NOT_HELD":
		return []event{onSemaphore(what+" -> not held", c.from, c.to, lacks)}
	case c.reason == "NOT_INITIALIZED":
		return uninitialized(c, what)
	case c.reason != "":
		return never(c, what)
	}
	a := c.answer.(*cpgatev1.ReleaseResponse)
	if a.GetAlreadyReleased() {
		already := onSemaphore(what+" -> released already", c.from, c.to, lacks)
		if c.attempts > 1 {
			return []event{perhaps, already}
		}
		return []event{already}
	}
	return []event{onSemaphore(fmt.Sprintf("%s -> %d", what, a.GetReleased()), c.from, c.to, func(s *semaphore) bool {
		released, ok := release(s)
		return ok && released == int(a.GetReleased())
	})}
}

func changing(c call, by int) []event {
	what := fmt.Sprintf("change by %d", by)
	change := func(s *semaphore) bool {
		if s.initialized {
			s.limit += by
		}
		return s.initialized
	}
	switch {
	case !c.known:
		return []event{onSemaphore("perhaps: "+what, c.from, c.to, func(s *semaphore) bool { change(s); return true })}
	case c.reason == "NOT_INITIALIZED":
		return uninitialized(c, what)
	case c.reason != "":
		return never(c, what)
	}
	return []event{onSemaphore(what, c.from, c.to, change)}
}

func gettingSemaphore(c call) []event {
	if !c.known {
		return nil
	}
	if c.reason != "" {
		return never(c, "get")
	}
	a := c.answer.(*cpgatev1.GetSemaphoreResponse).GetSemaphore()
	what := fmt.Sprintf("get -> initialized %v, %d available of %d", a.GetInitialized(), a.GetAvailable(), a.GetPermits())
	for _, h := range a.GetHolders() {
		what += fmt.Sprintf(", %s has %d", h.GetSessionId(), h.GetPermits())
	}
	return []event{onSemaphore(what, c.from, c.to, func(s *semaphore) bool { return s.shows(a) })}
}

// shows reports whether an answer is what the semaphore is.
func (s *semaphore) shows(a *cpgatev1.Semaphore) bool {
	s.witness()
	for _, w := range a.GetWaiters() {
		if !s.alive(w.GetSessionId()) {
			return false // X1
		}
	}
	for _, h := range a.GetHolders() {
		if s.lent.in(h.GetSessionId()) != int(h.GetPermits()) {
			return false
		}
	}
	limit := s.limit
	if s.sessionless {
		limit = 0 // it has no such number
	}
	return s.initialized == a.GetInitialized() && int(a.GetAvailable()) == s.available() && int(a.GetPermits()) == limit
}

func destroyingSemaphore(c call) []event {
	if !c.known {
		return []event{onSemaphore("perhaps: destroy", c.from, c.to, func(s *semaphore) bool { s.destroy(); return true })}
	}
	if c.reason != "" {
		return never(c, "destroy")
	}
	there := func(s *semaphore) bool { // who waits for an Init is destroyed too
		return s.initialized || s.waiting.others("") || s.lingering.others("")
	}
	if !c.answer.(*cpgatev1.DestroySemaphoreResponse).GetDestroyed() {
		return []event{onSemaphore("destroy -> false", c.from, c.to, func(s *semaphore) bool { return !s.initialized })}
	}
	// Of several that destroy it at the same time all are told that it was there, and is not any more.
	id := fmt.Sprint("destroy ", c.from)
	return chain(id, onSemaphore(id, c.from, c.to, func(s *semaphore) bool {
		s.doomed = s.doomed.with(id)
		return there(s)
	}), onSemaphore(id+" -> true", c.from, c.to, func(s *semaphore) bool {
		if s.doomed.has(id) {
			s.destroy()
		}
		return true
	}))
}
