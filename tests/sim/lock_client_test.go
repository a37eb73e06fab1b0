package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/session"
)

// acquireLimit is how often a caller may hold.
const acquireLimit = 3

// lockClient is a caller of one lock, with a session of its own. A wait that it leaves it cancels; its unlocks name the
// fence.
type lockClient struct {
	w       *world
	oracle  *lockOracle
	name    string
	life    *life
	next    int
	ops     []*lockOp // under way
	count   int       // the holds it was told of and has not given back
	fence   fencedlock.Fence
	taken   map[fencedlock.Fence]bool // the holds that an operator took
	muddled bool                      // calls overlapped: counts are compared at rest only
}

// lockOp is one request of a lockClient.
type lockOp struct {
	*op
	c         *lockClient
	cancelled bool // a cancel was sent for it, or a newer lock took its place
	fence     fencedlock.Fence
}

// addClient adds a caller of the lock, in a session that others may use for something else.
func (o *lockOracle) addClient(l *life, name string) {
	c := &lockClient{w: o.w, oracle: o, name: name, life: l}
	l.ended = append(l.ended, func(session.ID) { c.forget() })
	c.forget()
	o.clients = append(o.clients, c)
	o.w.actors = append(o.w.actors, c)
}

// forget starts over with another session.
func (c *lockClient) forget() {
	c.muddled = true
	c.count, c.fence, c.taken = 0, 0, map[fencedlock.Fence]bool{}
}

// forced reports whether an operator took the hold that the caller believes in.
func (c *lockClient) forced() bool { return c.taken[c.fence] }

func (c *lockClient) ticket(id session.ID) string {
	return space.LockTicket(c.oracle.lock, int64(id), c.name)
}

// moves implements actor.
func (c *lockClient) moves() (m []func()) {
	c.ops = slices.DeleteFunc(c.ops, func(o *lockOp) bool { return o.ended != 0 })
	for _, o := range c.ops {
		m = append(m, o.moves()...)
	}
	alone := len(c.ops) == 1 && c.ops[0].kind == "lock"
	switch {
	case len(c.ops) == 0 && (c.count > 0 || !c.w.draining):
		m = append(m, c.begin)
	case c.w.draining || !alone:
	case c.w.chance(12):
		m = append(m, func() { c.cancel(c.ops[0]) })
	case c.w.chance(10):
		m = append(m, c.newer)
	}
	if c.w.draining {
		return m
	}
	switch c.w.rng.IntN(80) {
	case 0:
		m = append(m, c.life.end)
	case 1:
		m = append(m, c.force)
	}
	return m
}

// begin starts a call when none is under way.
func (c *lockClient) begin() {
	c.muddled = false
	if c.count > 0 && (c.w.draining || c.w.rng.IntN(3) > 0) {
		c.unlock()
		return
	}
	c.lock()
}

// newer starts a lock call while another is under way.
func (c *lockClient) newer() {
	c.muddled = true
	c.lock()
	for _, o := range c.ops { // whichever comes later, on whatever ways, takes the other's place
		o.cancelled = true
	}
}

func (c *lockClient) add(kind string) *lockOp {
	c.next++
	o := &lockOp{op: c.w.begin(c.life, kind, fmt.Sprintf("%s%d", c.name, c.next)), c: c}
	c.ops = append(c.ops, o)
	return o
}

func (c *lockClient) lock() {
	o := c.add("lock")
	o.timed = c.w.chance(2)
	o.unmoved, o.resigned = o.unmovedInLine, func() { o.finish(whyOver) }
	r := fencedlock.LockRequest{Name: c.oracle.lock, Caller: o.caller(), RequestID: o.request}
	if c.w.chance(4) {
		r.Timeout = new(time.Duration)
	}
	asks(o.op, func(g *gateway) answering[fencedlock.LockAnswer] {
		r := r
		r.Attempt = o.attempt
		return fencedlock.NewLockCall(space, r, acquireLimit, g.nextCall(), now)
	}, o.lockAnswered)
}

func (c *lockClient) unlock() {
	o := c.add("unlock")
	o.fence = c.fence
	o.unmoved, o.resigned = func() bool { return true }, func() {} // what it holds is told from what is left in the end
	r := fencedlock.UnlockRequest{Name: c.oracle.lock, Caller: o.caller(), RequestID: o.request, Fence: c.fence}
	asks(o.op, func(*gateway) answering[fencedlock.UnlockAnswer] {
		return fencedlock.NewUnlockCall(space, r, now)
	}, o.unlockAnswered)
}

// cancel leaves a lock request.
func (c *lockClient) cancel(left *lockOp) {
	c.muddled = true
	left.cancelled = true
	left.leave()
	left.ended = c.w.steps
	o := c.add("cancel")
	o.session = left.session
	r := fencedlock.CancelRequest{Name: c.oracle.lock, Caller: o.caller(), RequestID: left.request}
	asks(o.op, func(*gateway) answering[bool] {
		return fencedlock.NewCancelCall(space, r, now)
	}, func(_ bool, err error) { o.cancelAnswered(left, err) })
}

// force is an operator's forced unlock of whoever holds.
func (c *lockClient) force() {
	call := fencedlock.NewForceCall(space, c.oracle.lock, 0, now)
	c.w.any().start(nil, call, false, func(error) {})
}

func (o *lockOp) caller() fencedlock.Caller {
	return fencedlock.Caller{Session: o.session, Owner: o.c.name}
}
