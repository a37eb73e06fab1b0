package sim

import (
	"errors"
	"slices"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/session"
)

// lockAnswered holds the answer to a lock request against the truth.
func (o *lockOp) lockAnswered(a fencedlock.LockAnswer, err error) {
	c, w := o.c, o.w
	switch {
	case o.gone():
	case errors.Is(err, fencedlock.ErrOwnershipLost):
		if len(c.taken) == 0 {
			w.failf("%s: ownership lost, and nobody took it", o.request)
		}
		o.finish("taken by force")
	case errors.Is(err, fencedlock.ErrWaitCancelled):
		if !o.cancelled && len(c.taken) == 0 {
			w.failf("%s: wait cancelled, and nobody did", o.request)
		}
		o.finish("cancelled")
	case err != nil:
		w.failf("%s: %v", o.request, err)
	case a.Outcome == fencedlock.Acquired:
		o.acquired(a)
	default:
		o.refused(a)
	}
}

func (o *lockOp) acquired(a fencedlock.LockAnswer) {
	c, w := o.c, o.w
	last, ok := c.oracle.lastHeld(o.request, a.Fence)
	switch {
	case !ok:
		w.failf("%s: told fence %d, and never held under it (L1)", o.request, a.Fence)
	case last < o.begun:
		w.failf("%s: told of a hold that was over before the call", o.request)
	case !c.oracle.holds(o.request) && !c.taken[a.Fence] && !o.cancelled:
		w.failf("%s: told that it holds, and the hold is gone (S3)", o.request)
	case c.count > 0 && a.Fence != c.fence && !c.forced() && !c.muddled:
		w.failf("%s: held again under fence %d, not %d (L5)", o.request, a.Fence, c.fence)
	case !c.muddled && !c.forced() && a.HoldCount != c.count+1:
		w.failf("%s: told hold count %d, not %d (S4)", o.request, a.HoldCount, c.count+1)
	}
	if c.taken[a.Fence] && a.Fence < c.fence {
		return // taken by force and held anew, before the caller heard of it
	}
	if c.forced() && a.Fence != c.fence {
		c.count = 0 // what was forced is gone; this is a new hold
	}
	c.count++
	c.fence = a.Fence
}

func (o *lockOp) refused(a fencedlock.LockAnswer) {
	c, w := o.c, o.w
	switch {
	case c.muddled || c.forced():
	case a.Outcome == fencedlock.LimitReached:
		if c.count != acquireLimit {
			w.failf("%s: limit reached with %d holds", o.request, c.count)
		}
	case c.count > 0:
		w.failf("%s: refused, and holds %d times", o.request, c.count)
	case !c.oracle.heldByAnother(c.ticket(o.session), o.begun):
		w.failf("%s: refused, and nobody else held since it was asked (X3)", o.request)
	}
	o.finish("refused")
}

// finish notes that the request is over: nothing of it may be in line, now or later (X2).
func (o *lockOp) finish(why string) {
	o.c.oracle.over[o.request] = why
	o.c.oracle.checkOver()
}

func (o *lockOp) unlockAnswered(a fencedlock.UnlockAnswer, err error) {
	c, w := o.c, o.w
	switch {
	case o.gone():
	case errors.Is(err, fencedlock.ErrOwnershipLost):
		if !c.forced() {
			w.failf("%s: ownership lost, and nobody took it", o.request)
		}
		c.count = 0
	case err != nil && !c.forced():
		w.failf("%s: %v, with %d holds", o.request, err, c.count)
	case err != nil:
		c.count = 0
	case a.AlreadyReleased && (c.count != 1 || o.attempt < 2) && !c.forced():
		w.failf("%s: already released, with %d holds at attempt %d", o.request, c.count, o.attempt)
	case a.HoldCount != c.count-1 && !c.forced() && !c.muddled:
		w.failf("%s: %d holds left, not %d (S4)", o.request, a.HoldCount, c.count-1)
	default:
		c.count = a.HoldCount
	}
}

func (o *lockOp) cancelAnswered(left *lockOp, err error) {
	switch {
	case err == nil:
		left.finish("cancelled")
	case !errors.Is(err, session.ErrExpired) || !o.gone():
		o.w.failf("cancel of %s: %v", left.request, err)
	}
}

// calm implements oracle. Who holds lets go in the end, so nobody waits then: a call that never ends is noticed.
func (o *lockOracle) calm() {}

// rest implements oracle.
func (o *lockOracle) rest() {
	seen := map[string]int{}
	for _, s := range o.line {
		seen[s.item.Key] = len(s.requests)
		if !slices.ContainsFunc(o.clients, func(c *lockClient) bool { return c.ticket(c.life.id) == s.item.Key }) {
			o.w.failf("ticket %s is left behind (X1)", s.item.Key)
		}
	}
	for _, c := range o.clients {
		for _, p := range c.ops {
			if p.ended == 0 {
				o.w.failf("%s of %s never ended", p.kind, p.request)
			}
		}
		if n := seen[c.ticket(c.life.id)]; n != c.count && !(c.forced() && n == 0) {
			o.w.failf("%s was told of %d holds and has %d", c.name, c.count, n)
		}
	}
}
