package sim

import (
	"fmt"
	"math"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// said returns what tells the answer of a real call in the twins' words.
func said[A any](c answering[A], words func(A) string) func() string {
	return func() string {
		a, err := c.Answer()
		if err != nil {
			return errorText(err)
		}
		return words(a)
	}
}

func yesOrNo(yes bool) string { return fmt.Sprint(yes) }

func (w *twins) request() string {
	w.next++
	return fmt.Sprintf("r%d", w.next)
}

// who picks a session, none where the semaphore is sessionless; now and then the wrong one.
func (w *twins) who(s *dumbSemaphore) (id session.ID, gone bool) {
	switch odd := w.rng.IntN(20) == 0; {
	case odd && len(w.dead) > 0:
		return w.dead[w.rng.IntN(len(w.dead))], true
	case s.sessionless != odd:
		return 0, false
	case len(s.line) > 0 && w.rng.IntN(2) == 0:
		return s.line[w.rng.IntN(len(s.line))].sid, false
	}
	return w.sessions[w.rng.IntN(len(w.sessions))], false
}

// semaphore asks something of a semaphore.
func (w *twins) semaphore(n keys.Name) {
	s := w.semaphores[n]
	id, gone := w.who(s)
	who := semaphore.Caller{Session: id, Owner: []string{"", "x"}[w.rng.IntN(2)]}
	k := w.rng.IntN(100)
	switch {
	case !s.there && k < 40, k < 3:
		w.init(n, s)
		return
	case k < 6:
		w.tell("destroy %s", n)
		c := semaphore.NewDestroyCall(space, n, shelf, now)
		w.beside(s.destroy(), w.real.start(c, said(c, yesOrNo)))
		return
	case k < 16:
		w.change(n, s)
		return
	}
	of := askSemaphore{w, n, s, who, gone}
	switch {
	case k < 60:
		of.acquire()
	case k < 75:
		of.release()
	case k < 88:
		of.releaseTicket()
	default:
		of.drain()
	}
}

func (w *twins) init(n keys.Name, s *dumbSemaphore) {
	r := semaphore.InitRequest{
		Name: n, Permits: semaphore.Permits(w.rng.IntN(6)), Sessionless: w.rng.IntN(3) == 0, RequestID: w.request(),
	}
	w.tell("init %s with %d, sessionless %v", n, r.Permits, r.Sessionless)
	c := semaphore.NewInitCall(space, r, shelf, now)
	w.beside(s.init(int64(r.Permits), r.Sessionless), w.real.start(c, said(c, yesOrNo)))
}

// change adds permits or removes some, now and then far too many.
func (w *twins) change(n keys.Name, s *dumbSemaphore) {
	r := semaphore.ChangeRequest{Name: n, By: w.rng.Int64N(9) - 4, RequestID: w.request()}
	if w.rng.IntN(10) == 0 {
		r.By = []int64{math.MaxInt32, math.MinInt32}[w.rng.IntN(2)]
	}
	ask := func() func(*dumbCall) {
		w.tell("change %s by %d, %s attempt %d", n, r.By, r.RequestID, r.Attempt)
		c := changing{semaphore.NewChangeCall(space, r, shelf, now)}
		r.Attempt++
		walk := w.real.start(c, said(c, func(any) string { return "changed" }))
		return func(d *dumbCall) { w.beside(d, walk) }
	}
	d := s.change(r.By)
	ask()(d)
	if d.answer == "changed" {
		w.again = append(w.again, func() { ask()(answered("changed")) })
	}
}
