package semaphore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cpgate/cpgate/semaphore"
)

// racer is one caller in a run. It holds permits of one request at a time.
type racer struct {
	*run
	who      semaphore.Caller
	rng      *rand.Rand
	requests int
	holds    string // the request
	permits  semaphore.Permits
}

func (k *racer) any() *gateway { return k.gs[k.rng.IntN(len(k.gs))] }

func (k *racer) idle(most time.Duration) { time.Sleep(time.Duration(k.rng.Int64N(int64(most)))) }

func (k *racer) next() string {
	k.requests++
	return fmt.Sprintf("%s-%d", k.who.Owner, k.requests)
}

// acquire asks for permits, by a try, within a short time or patiently, and claims what it is told.
func (k *racer) acquire(n semaphore.Permits) bool {
	switch k.rng.IntN(10) {
	case 0, 1:
		return k.ask(n, within(0))
	case 2:
		return k.ask(n, within(time.Duration(k.rng.IntN(3000))*time.Microsecond))
	}
	return k.ask(n, nil)
}

// patient waits for as long as it takes.
func (k *racer) patient(n semaphore.Permits) bool { return k.ask(n, nil) }

func (k *racer) ask(n semaphore.Permits, timeout *time.Duration) bool {
	r := semaphore.AcquireRequest{Name: pool, Caller: k.who, Permits: n, RequestID: k.next(), Timeout: timeout}
	ctx, cancel := context.WithTimeout(k.w.t.Context(), patience) // who waits longer is lost
	defer cancel()
	from := k.w.revision()
	a, err := k.any().Acquire(ctx, r)
	to := k.w.revision() + 1
	switch {
	case err != nil || !a.Acquired && timeout == nil:
		k.w.t.Errorf("%+v got %+v, %v", r, a, err)
		return false
	case !a.Acquired:
		k.claims.refused(n, a.Available, from, to)
		return false
	}
	k.holds, k.permits = r.RequestID, n
	k.claims.acquired(k.ticket(), from, to)
	return true
}

func (k *racer) ticket() string { return fmt.Sprintf("%s.%s", k.who.Session, k.holds) }

// giveBack releases what it holds: by its ticket, or by number and in portions.
func (k *racer) giveBack() {
	for k.permits > 0 {
		r := semaphore.ReleaseRequest{Name: pool, Caller: k.who, RequestID: k.next()}
		n := k.permits
		if k.rng.IntN(2) == 0 {
			r.Ticket = k.holds
		} else {
			n = 1 + semaphore.Permits(k.rng.IntN(int(n)))
			r.Permits = n
		}
		if a, err := k.any().Release(k.w.t.Context(), r); err != nil || a.Released != n {
			k.w.t.Errorf("%+v got %+v, %v", r, a, err)
			return
		}
		k.permits -= n
	}
}

// changer changes the limit all the time.
type changer struct {
	racer
	limit semaphore.Permits // as it is now
}

func (c *changer) change() {
	by := int64(1 + c.rng.IntN(10))
	switch n := c.rng.IntN(5); {
	case n == 0 && c.rng.IntN(10) == 0: // so many that nobody waits for a while
		c.by(200)
		c.drain()
		c.by(-200)
	case n == 0:
		c.drain()
	case c.limit > 30, c.limit > 0 && n > 2:
		c.by(-by)
	default:
		c.by(by)
	}
}

func (c *changer) by(n int64) {
	r := semaphore.ChangeRequest{Name: pool, By: n, RequestID: c.next()}
	if err := c.any().Change(c.w.t.Context(), r); err != nil {
		c.w.t.Errorf("%+v: %v", r, err)
	}
	c.limit += semaphore.Permits(n)
}

// drain takes all there is, and gives it back.
func (c *changer) drain() {
	r := semaphore.DrainRequest{Name: pool, Caller: c.who, RequestID: c.next()}
	from := c.w.revision()
	n, err := c.any().Drain(c.w.t.Context(), r)
	to := c.w.revision() + 1
	if err != nil {
		c.w.t.Errorf("%+v: %v", r, err)
		return
	}
	c.holds, c.permits = r.RequestID, max(0, n)
	c.claims.drained(c.ticket(), n, from, to)
	c.limit += max(0, -n)
	c.giveBack()
}

// restore makes the limit what it was.
func (c *changer) restore() { c.by(int64(c.run.limit - c.limit)) }
