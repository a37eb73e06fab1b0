package sim

import (
	"fmt"
	"math"
	"slices"

	"github.com/cpgate/cpgate/session"
)

// dumbSemaphore is a semaphore without any cleverness: one caller at a time, and every ticket is looked at whenever
// anything happens.
type dumbSemaphore struct {
	there       bool
	born        int // how many there were under its name before
	sessionless bool
	permits     int64
	line        []*dumbTicket // in the order of arrival
}

// dumbTicket is a request that holds or waits.
type dumbTicket struct {
	request string
	sid     session.ID
	owner   string
	n       int64
	holds   bool
	waiting *dumbCall // who is told; nil once it was
}

// dumbCall is a call, with the answer that it gets; none while it waits.
type dumbCall struct{ answer string }

func (c *dumbCall) is(format string, args ...any) *dumbCall {
	c.answer = fmt.Sprintf(format, args...)
	return c
}

func answered(format string, args ...any) *dumbCall { return (&dumbCall{}).is(format, args...) }

// sum returns what the tickets that match take.
func (s *dumbSemaphore) sum(match func(*dumbTicket) bool) (n int64) {
	for _, t := range s.line {
		if match(t) {
			n += t.n
		}
	}
	return n
}

func (s *dumbSemaphore) available() int64 {
	return s.permits - s.sum(func(t *dumbTicket) bool { return t.holds })
}

func (s *dumbSemaphore) waiters() (all []*dumbTicket) {
	for _, t := range s.line {
		if !t.holds {
			all = append(all, t)
		}
	}
	return all
}

func (s *dumbSemaphore) find(request string) *dumbTicket {
	for _, t := range s.line {
		if t.request == request {
			return t
		}
	}
	return nil
}

// remove takes out all tickets that match; who waits is told why.
func (s *dumbSemaphore) remove(why string, match func(*dumbTicket) bool) {
	s.line = slices.DeleteFunc(s.line, func(t *dumbTicket) bool {
		if match(t) && t.waiting != nil {
			t.waiting.is("%s", why)
		}
		return match(t)
	})
	s.admit()
}

// admit serves those who wait, in order, while there is enough.
func (s *dumbSemaphore) admit() {
	for _, t := range s.waiters() {
		if !s.there || t.n > s.available() {
			return
		}
		t.waiting.is("acquired")
		t.holds, t.waiting = true, nil
		if s.sessionless {
			s.permits -= t.n
			s.line = slices.DeleteFunc(s.line, func(o *dumbTicket) bool { return o == t })
		}
	}
}

// wrongFor is the answer to a caller that is meant for the other kind; none for any other.
func (s *dumbSemaphore) wrongFor(sid session.ID) *dumbCall {
	if !s.there || s.sessionless == (sid == 0) {
		return nil
	}
	return answered("wrong kind")
}

func (s *dumbSemaphore) init(n int64, sessionless bool) *dumbCall {
	if s.there {
		return answered("false")
	}
	s.there, s.sessionless, s.permits = true, sessionless, n
	s.remove("wrong kind", func(t *dumbTicket) bool { return sessionless != (t.sid == 0) })
	return answered("true")
}

func (s *dumbSemaphore) destroy() *dumbCall {
	if !s.there {
		return answered("false")
	}
	s.there, s.permits, s.born = false, 0, s.born+1
	s.remove("destroyed", func(*dumbTicket) bool { return true })
	return answered("true")
}

func (s *dumbSemaphore) acquire(t *dumbTicket, try bool) *dumbCall {
	switch wrong := s.wrongFor(t.sid); {
	case wrong != nil:
		return wrong
	case try && (!s.there || len(s.waiters()) > 0 || s.available() < t.n):
		return answered("not acquired, %d available, place 0", s.available())
	}
	t.waiting = &dumbCall{}
	call := t.waiting
	s.line = append(s.line, t)
	s.admit()
	return call
}

// timeOut ends a wait.
func (s *dumbSemaphore) timeOut(t *dumbTicket) {
	why := fmt.Sprintf("not acquired, %d available, place %d", s.available(), slices.Index(s.waiters(), t)+1)
	s.remove(why, func(o *dumbTicket) bool { return o == t })
}

func (s *dumbSemaphore) drain(t *dumbTicket) *dumbCall {
	t.n = s.available()
	switch wrong := s.wrongFor(t.sid); {
	case wrong != nil:
		return wrong
	case !s.there:
		return answered("not initialized")
	case t.n < 0:
		s.permits -= t.n
	case t.n == 0 || len(s.waiters()) > 0:
		t.n = 0
	case s.sessionless:
		s.permits -= t.n
	default:
		t.holds = true
		s.line = append(s.line, t)
	}
	return answered("drained %d", t.n)
}

// release gives back a number of permits.
func (s *dumbSemaphore) release(sid session.ID, owner string, n int64) *dumbCall {
	switch wrong := s.wrongFor(sid); {
	case wrong != nil:
		return wrong
	case sid != 0:
		return s.releaseHeld(sid, owner, n)
	case !s.there:
		return answered("not initialized")
	case s.permits+n > math.MaxInt32:
		return answered("out of range")
	}
	s.permits += n
	s.admit()
	return answered("released %d", n)
}

// releaseHeld takes from the owner's own tickets first, then from the oldest.
func (s *dumbSemaphore) releaseHeld(sid session.ID, owner string, n int64) *dumbCall {
	if s.sum(func(t *dumbTicket) bool { return t.holds && t.sid == sid }) < n {
		return answered("not held")
	}
	left := n
	for _, own := range []bool{true, false} {
		for _, t := range s.line {
			if t.holds && t.sid == sid && (t.owner == owner) == own {
				part := min(left, t.n)
				t.n, left = t.n-part, left-part
			}
		}
	}
	s.remove("", func(t *dumbTicket) bool { return t.n == 0 })
	return answered("released %d", n)
}

// releaseTicket gives back what is left of one ticket.
func (s *dumbSemaphore) releaseTicket(sid session.ID, request string) *dumbCall {
	t := s.find(request)
	switch wrong := s.wrongFor(sid); {
	case wrong != nil:
		return wrong
	case t == nil:
		return answered("released 0, was gone")
	case !t.holds:
		return answered("not held")
	}
	s.remove("", func(o *dumbTicket) bool { return o == t })
	return answered("released %d", t.n)
}

func (s *dumbSemaphore) change(by int64) *dumbCall {
	switch {
	case !s.there:
		return answered("not initialized")
	case s.permits+by > math.MaxInt32, min(s.permits, s.available())+by < math.MinInt32:
		return answered("out of range")
	}
	s.permits += by
	s.admit()
	return answered("changed")
}

func (s *dumbSemaphore) cancel(sid session.ID, request string) *dumbCall {
	t := s.find(request)
	if wrong := s.wrongFor(sid); wrong != nil {
		return wrong
	}
	s.remove("cancelled", func(o *dumbTicket) bool { return o == t })
	return answered("%v", t != nil)
}

// String describes the semaphore as get does.
func (s *dumbSemaphore) String() string {
	limit := s.permits
	if s.sessionless {
		limit = 0
	}
	text := fmt.Sprintf("%v %v: %d, %d available; holds", s.there, s.sessionless && s.there, limit, s.available())
	var known []session.ID
	for _, t := range s.line {
		if t.holds && !slices.Contains(known, t.sid) {
			known = append(known, t.sid)
			text += fmt.Sprintf(" %s: %d", t.sid, s.sum(func(o *dumbTicket) bool { return o.holds && o.sid == t.sid }))
		}
	}
	text += "; waits"
	for n, t := range s.waiters() {
		text += fmt.Sprintf(" %d. %s %s: %d", n+1, t.sid, t.owner, t.n)
	}
	return text
}
