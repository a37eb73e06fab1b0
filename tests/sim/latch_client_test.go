package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/kv"
)

// latchClient sets a latch, arrives, and awaits.
type latchClient struct {
	w      *world
	oracle *latchOracle
	name   string
	rounds []countdownlatch.Round // that it was told of
	next   int
	ops    []*latchOp // under way
}

// latchOp is one request to a latch.
type latchOp struct {
	*op
	c     *latchClient
	n     int64
	round kv.Revision // to arrive in; 0 for the one that is on

	heard     bool
	yes       bool
	remaining int64
	on        kv.Revision // the round that it was told of
}

func (o *latchOracle) addClients(names ...string) {
	for _, n := range names {
		o.w.actors = append(o.w.actors, &latchClient{w: o.w, oracle: o, name: n})
	}
}

// moves implements actor.
func (c *latchClient) moves() (m []func()) {
	c.ops = slices.DeleteFunc(c.ops, func(o *latchOp) bool { return o.ended != 0 })
	for _, o := range c.ops {
		m = append(m, o.moves()...)
		if o.kind == "await" && (c.w.leaving || !c.w.draining && c.w.chance(40)) {
			m = append(m, o.walk)
		}
	}
	if len(c.ops) == 0 && !c.w.draining {
		m = append(m, c.begin)
	}
	return m
}

// walk leaves an await: nothing is left of it.
func (o *latchOp) walk() {
	o.w.tracef("the client of %s walks away", o.request)
	o.leave()
	o.ended = o.w.steps
}

func (c *latchClient) begin() {
	switch n := c.w.rng.IntN(20); {
	case n == 0:
		c.destroy()
	case n < 5:
		c.set()
	case n < 9:
		c.await()
	default:
		c.countDown()
	}
}

func (c *latchClient) add(kind string) *latchOp {
	c.next++
	o := &latchOp{op: c.w.begin(nil, kind, fmt.Sprintf("%s%d", c.name, c.next)), c: c}
	o.unmoved, o.resigned = o.unmovedLatch, func() { c.oracle.over[o.request] = whyOver }
	c.ops = append(c.ops, o)
	c.oracle.ops = append(c.oracle.ops, o)
	c.oracle.of[o.op] = o
	return o
}

func (c *latchClient) set() {
	o := c.add("set")
	o.n = 1 + c.w.rng.Int64N(3)
	r := countdownlatch.SetRequest{Name: c.oracle.name, Count: int32(o.n), RequestID: o.request}
	asks(o.op, func(*gateway) answering[countdownlatch.SetAnswer] {
		r := r
		r.Attempt = o.attempt
		return countdownlatch.NewSetCall(space, r, kv.LeaseID(shelf), now)
	}, o.setAnswered)
}

// countDown arrives in the round that is on, in one that the client was told of, or in one that never was.
func (c *latchClient) countDown() {
	o := c.add("count down")
	switch n := c.w.rng.IntN(12); {
	case n == 0:
		o.round = 1 << 40
	case n < 6 && len(c.rounds) > 0:
		o.round = kv.Revision(c.rounds[len(c.rounds)-1-c.w.rng.IntN(min(2, len(c.rounds)))])
	}
	r := countdownlatch.CountDownRequest{Name: c.oracle.name, Round: countdownlatch.Round(o.round), RequestID: o.request}
	asks(o.op, func(*gateway) answering[countdownlatch.CountDownAnswer] {
		return countdownlatch.NewCountDownCall(space, r, now)
	}, o.countDownAnswered)
}

func (c *latchClient) await() {
	o := c.add("await")
	o.timed = c.w.chance(2)
	r := countdownlatch.AwaitRequest{Name: c.oracle.name}
	if c.w.chance(4) {
		r.Timeout = new(time.Duration)
	}
	asks(o.op, func(*gateway) answering[countdownlatch.AwaitAnswer] {
		return countdownlatch.NewAwaitCall(space, r)
	}, o.awaitAnswered)
}

func (c *latchClient) destroy() {
	o := c.add("destroy")
	asks(o.op, func(*gateway) answering[bool] {
		return countdownlatch.NewDestroyCall(space, c.oracle.name)
	}, o.destroyAnswered)
}
