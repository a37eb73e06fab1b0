package sim

import (
	"errors"

	"github.com/cpgate/cpgate/fencedlock"
)

// lockAnswered holds the answer to a lock request against the truth.
func (o *op) lockAnswered(a fencedlock.LockAnswer, err error) {
	c, w := o.c, o.c.w
	w.tracef("  %s: %+v %v", o.request, a, err)
	switch {
	case retriable(err):
		return
	case o.gone(err):
		o.end()
		return
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
	o.end()
}

func (o *op) acquired(a fencedlock.LockAnswer) {
	c, w := o.c, o.c.w
	last, ok := w.truth.held[hold{o.request, a.Fence}]
	switch {
	case !ok:
		w.failf("%s: told fence %d, and never held under it (L1)", o.request, a.Fence)
	case last < o.begun:
		w.failf("%s: told of a hold that was over before the call", o.request)
	case !c.holds(o.request) && !c.taken[a.Fence] && !o.cancelled:
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

func (o *op) refused(a fencedlock.LockAnswer) {
	c, w := o.c, o.c.w
	own := space.LockTicket(c.lock, int64(o.session), c.name)
	switch {
	case c.muddled || c.forced():
	case a.Outcome == fencedlock.LimitReached:
		if c.count != acquireLimit {
			w.failf("%s: limit reached with %d holds", o.request, c.count)
		}
	case c.count > 0:
		w.failf("%s: refused, and holds %d times", o.request, c.count)
	case !w.truth.heldByAnother(c.lock, own, o.begun):
		w.failf("%s: refused, and nobody else held since it was asked (X3)", o.request)
	}
	o.finish("refused")
}

// finish notes that the request is over: nothing of it may be in line, now or later (X2).
func (o *op) finish(why string) {
	o.c.w.truth.over[o.request] = why
	o.c.w.truth.observe(o.c.w, o.c.lock)
}

func (o *op) unlockAnswered(a fencedlock.UnlockAnswer, err error) {
	c, w := o.c, o.c.w
	w.tracef("  %s: %+v %v", o.request, a, err)
	switch {
	case retriable(err):
		return
	case o.gone(err):
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
	o.end()
}

func (o *op) cancelAnswered(err error) {
	if retriable(err) {
		return
	}
	if err != nil && !o.gone(err) {
		o.c.w.failf("cancel of %s: %v", o.request, err)
	}
	if err == nil {
		o.finish("cancelled")
	}
	o.end()
}

// holds reports whether the request is among the holds of the first ticket.
func (c *caller) holds(request string) bool {
	line := c.w.etcd.line(c.lock)
	if len(line) == 0 {
		return false
	}
	for _, r := range line[0].requests {
		if r == request {
			return true
		}
	}
	return false
}

// rest compares, when nothing is under way any more, what each caller was told with what is.
func (w *world) rest() {
	for _, g := range w.gateways {
		for _, r := range g.runs {
			w.failf("a call on %s for %v never ended (stage %d)", g.id, r.call.Keys(), r.stage)
		}
	}
	want := map[string]*caller{}
	for _, c := range w.callers {
		for _, o := range c.ops {
			w.failf("%s of %s never ended", o.kind, o.request)
		}
		want[space.LockTicket(c.lock, int64(c.sid), c.name)] = c
	}
	seen := map[string]int{}
	for _, c := range w.callers {
		for _, s := range w.etcd.line(c.lock) {
			if want[s.item.Key] == nil {
				w.failf("ticket %s is left behind (X1)", s.item.Key)
			}
			seen[s.item.Key] = len(s.requests)
		}
	}
	for key, c := range want {
		if n := seen[key]; n != c.count && !(c.forced() && n == 0) {
			w.failf("%s was told of %d holds and has %d", c.name, c.count, n)
		}
	}
}
