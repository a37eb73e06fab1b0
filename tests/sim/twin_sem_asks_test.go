package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/semaphore"
)

// askSemaphore is somebody who asks something of a semaphore.
type askSemaphore struct {
	*twins
	n    keys.Name
	s    *dumbSemaphore
	who  semaphore.Caller
	gone bool // the session is dead
}

// or is the answer to somebody whose session may be gone.
func (a askSemaphore) or(d func() *dumbCall) *dumbCall {
	if a.gone {
		return answered("expired")
	}
	return d()
}

func (a askSemaphore) acquire() {
	r := semaphore.AcquireRequest{
		Name: a.n, Caller: a.who, Permits: semaphore.Permits(1 + a.rng.IntN(4)), RequestID: a.request(),
	}
	try := a.rng.IntN(4) == 0
	if try {
		r.Timeout = new(time.Duration)
	}
	t := &dumbTicket{request: r.RequestID, sid: a.who.Session, owner: a.who.Owner, n: int64(r.Permits)}
	d := a.or(func() *dumbCall { return a.s.acquire(t, try) })
	a.asksAcquire(r, t, d)
	if d.answer == "acquired" {
		a.again = append(a.again, func() { a.acquireAgain(r, t) })
	}
}

// asksAcquire asks for real, and says what may befall the wait.
func (a askSemaphore) asksAcquire(r semaphore.AcquireRequest, t *dumbTicket, d *dumbCall) {
	a.tell("%s %q acquires %d of %s, %s attempt %d, try %v", r.Caller.Session, r.Caller.Owner, r.Permits, a.n, r.RequestID, r.Attempt, r.Timeout != nil)
	p := a.beside(d, a.startAcquire(r))
	p.timeOut = func() {
		a.tell("%s times out", r.RequestID)
		a.s.timeOut(t)
		a.real.signal(p.real, kv.TimedOut)
	}
	p.retry = func() {
		t.waiting.is("cancelled")
		t.waiting = &dumbCall{}
		r.Attempt++
		a.asksAcquire(r, t, t.waiting)
	}
	p.cancel = func() { a.cancel(r) }
}

func (a askSemaphore) startAcquire(r semaphore.AcquireRequest) *walk {
	words := func(x semaphore.AcquireAnswer) string {
		if x.Acquired {
			return "acquired"
		}
		return fmt.Sprintf("not acquired, %d available, place %d", x.Available, x.Position)
	}
	if r.Caller.Session == 0 {
		c := semaphore.NewTakeCall(space, r, a.real.nextCall(), shelf, now)
		return a.real.start(c, said(c, words))
	}
	c := semaphore.NewAcquireCall(space, r, a.real.nextCall(), now)
	return a.real.start(c, said(c, words))
}

// acquireAgain repeats a request that got its permits, and has them.
func (a askSemaphore) acquireAgain(r semaphore.AcquireRequest, t *dumbTicket) {
	if a.s.find(t.request) != t {
		return
	}
	r.Attempt++
	a.tell("%s is repeated", r.RequestID)
	a.beside(answered("acquired"), a.startAcquire(r))
}

func (a askSemaphore) cancel(acquire semaphore.AcquireRequest) {
	r := semaphore.CancelRequest{Name: a.n, Caller: acquire.Caller, RequestID: acquire.RequestID}
	a.tell("%s is cancelled", r.RequestID)
	c := semaphore.NewCancelCall(space, r, shelf, now)
	d := a.s.cancel(r.Caller.Session, r.RequestID)
	a.beside(d, a.real.start(c, said(c, yesOrNo)))
}

func releasedText(x semaphore.ReleaseAnswer) string {
	if x.AlreadyReleased {
		return fmt.Sprintf("released %d, was gone", x.Released)
	}
	return fmt.Sprintf("released %d", x.Released)
}

func (a askSemaphore) release() {
	r := semaphore.ReleaseRequest{
		Name: a.n, Caller: a.who, Permits: semaphore.Permits(1 + a.rng.IntN(3)), RequestID: a.request(),
	}
	ask := func(d *dumbCall) {
		a.tell("%s %q releases %d of %s, %s attempt %d", r.Caller.Session, r.Caller.Owner, r.Permits, a.n, r.RequestID, r.Attempt)
		c := semaphore.NewReleaseCall(space, r, shelf, now)
		a.beside(d, a.real.start(c, said(c, releasedText)))
		r.Attempt++
	}
	d := a.or(func() *dumbCall { return a.s.release(a.who.Session, a.who.Owner, int64(r.Permits)) })
	ask(d)
	if born, told := a.s.born, d.answer; told == fmt.Sprintf("released %d", r.Permits) {
		a.again = append(a.again, func() {
			if a.s.born == born && !a.isDead() {
				ask(answered("%s", told))
			}
		})
	}
}

func (a askSemaphore) isDead() bool {
	return slices.Contains(a.dead, a.who.Session)
}

// releaseTicket releases what is left of a ticket of the session, mostly one that is there.
func (a askSemaphore) releaseTicket() {
	if a.who.Session == 0 {
		return
	}
	r := semaphore.ReleaseRequest{Name: a.n, Caller: a.who, Ticket: "gone"}
	for _, t := range a.s.line {
		if t.sid == a.who.Session && a.rng.IntN(4) > 0 {
			r.Ticket = t.request
		}
	}
	a.tell("%s releases ticket %s of %s", a.who.Session, r.Ticket, a.n)
	d := a.or(func() *dumbCall { return a.s.releaseTicket(a.who.Session, r.Ticket) })
	c := semaphore.NewReleaseCall(space, r, shelf, now)
	a.beside(d, a.real.start(c, said(c, releasedText)))
}

func (a askSemaphore) drain() {
	r := semaphore.DrainRequest{Name: a.n, Caller: a.who, RequestID: a.request()}
	t := &dumbTicket{request: r.RequestID, sid: a.who.Session, owner: a.who.Owner}
	ask := func(d *dumbCall) {
		a.tell("%s %q drains %s, %s attempt %d", r.Caller.Session, r.Caller.Owner, a.n, r.RequestID, r.Attempt)
		c := semaphore.NewDrainCall(space, r, a.real.nextCall(), shelf, now)
		a.beside(d, a.real.start(c, said(c, func(n semaphore.Permits) string { return fmt.Sprintf("drained %d", n) })))
		r.Attempt++
	}
	d := a.or(func() *dumbCall { return a.s.drain(t) })
	ask(d)
	if told := d.answer; t.holds {
		a.again = append(a.again, func() {
			if a.s.find(t.request) == t {
				ask(answered("%s", told))
			}
		})
	}
}
