package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// semClient is a caller of one semaphore, in a session that others may share or, where life is nil, in none.
type semClient struct {
	w      *world
	oracle *semOracle
	name   string
	life   *life
	purse  *purse
	next   int
	ops    []*semOp // under way
}

// purse is what the callers of one session, or of none, were told that they got and have not given back.
type purse struct {
	permits int64
	tickets []string
}

// semOp is one request to a semaphore.
type semOp struct {
	*op
	oracle *semOracle
	purse  *purse
	owner  string
	target string // the request that it is about: its own, or the one that it cancels
	ticket string // the request whose permits it releases, where it names one
	n      int64
	try    bool
	less   bool // initializes as sessionless

	levels int   // how often it has leveled
	heard  bool  // its client was told
	got    int64 // how many permits it got, gave back, or found
	yes    bool
	failed error // what was told instead
	walked bool  // its client left and will not come back
}

// semaphorers adds callers of a semaphore that share a session; without one where l is nil.
func (o *semOracle) addClients(l *life, names ...string) {
	p := &purse{}
	if l != nil {
		l.ended = append(l.ended, func(session.ID) { *p = purse{} })
	}
	for _, n := range names {
		o.w.actors = append(o.w.actors, &semClient{w: o.w, oracle: o, name: n, life: l, purse: p})
	}
}

// moves implements actor.
func (c *semClient) moves() (m []func()) {
	c.ops = slices.DeleteFunc(c.ops, func(o *semOp) bool { return o.ended != 0 })
	for _, o := range c.ops {
		m = append(m, o.moves()...)
	}
	switch {
	case len(c.ops) == 0 && c.w.draining:
		if c.purse.permits > 0 {
			m = append(m, c.giveBack)
		}
	case len(c.ops) == 0:
		m = append(m, c.begin)
	case len(c.ops) == 1 && c.ops[0].kind == "acquire":
		m = append(m, c.leaves(c.ops[0])...)
	}
	if c.life != nil && !c.w.draining && c.w.chance(100) {
		m = append(m, c.life.end)
	}
	return m
}

// leaves returns how a client may turn away from an acquire: it cancels, or it is gone for good.
func (c *semClient) leaves(o *semOp) []func() {
	switch {
	case c.w.leaving, !c.w.draining && c.w.chance(12):
		return []func(){func() { c.cancel(o) }}
	case !c.w.draining && c.w.chance(60):
		return []func(){o.walk}
	}
	return nil
}

// begin starts a request when none is under way.
func (c *semClient) begin() {
	switch n := c.w.rng.IntN(16); {
	case n == 0:
		c.drain()
	case n == 1:
		c.get()
	case n == 2:
		c.release(c.purse.permits + 1)
	case n < 8 && c.purse.permits > 0:
		c.giveBack()
	default:
		c.acquire()
	}
}

// giveBack releases by ticket, or a number.
func (c *semClient) giveBack() {
	if c.life != nil && (c.w.draining || c.w.chance(2)) {
		c.releaseTicket()
		return
	}
	c.release(1 + c.w.rng.Int64N(c.purse.permits))
}

func (c *semClient) add(kind string) *semOp {
	c.next++
	o := c.oracle.begin(c.life, kind, fmt.Sprintf("%s%d", c.name, c.next))
	o.owner, o.purse = c.name, c.purse
	c.ops = append(c.ops, o)
	return o
}

// begin starts a request.
func (o *semOracle) begin(l *life, kind, request string) *semOp {
	s := &semOp{op: o.w.begin(l, kind, request), oracle: o, target: request}
	if kind != "cancel" {
		s.unmoved, s.resigned = s.unmovedPermits, s.resignedPermits
	}
	o.ops = append(o.ops, s)
	o.of[s.op] = s
	return s
}

func (o *semOp) caller() semaphore.Caller {
	return semaphore.Caller{Session: o.session, Owner: o.owner}
}

// shelf is a lease that outlives every schedule.
const shelf semaphore.Shelf = 0xfff_ffff

func (c *semClient) acquire() {
	o := c.add("acquire")
	o.timed, o.try = c.w.chance(2), c.w.chance(4)
	o.n = 1 + c.w.rng.Int64N(3)
	r := semaphore.AcquireRequest{Name: c.oracle.name, Caller: o.caller(), Permits: semaphore.Permits(o.n), RequestID: o.request}
	if o.try {
		r.Timeout = new(time.Duration)
	}
	asks(o.op, func(g *gateway) answering[semaphore.AcquireAnswer] {
		r := r
		r.Attempt = o.attempt
		if c.life == nil {
			return semaphore.NewTakeCall(space, r, g.nextCall(), shelf, now)
		}
		return semaphore.NewAcquireCall(space, r, g.nextCall(), now)
	}, o.acquireAnswered)
}

func (c *semClient) drain() {
	o := c.add("drain")
	r := semaphore.DrainRequest{Name: c.oracle.name, Caller: o.caller(), RequestID: o.request}
	asks(o.op, func(g *gateway) answering[semaphore.Permits] {
		r := r
		r.Attempt = o.attempt
		return semaphore.NewDrainCall(space, r, g.nextCall(), shelf, now)
	}, o.drainAnswered)
}

func (c *semClient) release(n int64) {
	o := c.add("release")
	o.n = n
	o.asksRelease(semaphore.ReleaseRequest{Permits: semaphore.Permits(n), RequestID: o.request})
}

func (c *semClient) releaseTicket() {
	o := c.add("release")
	all := c.purse.tickets
	o.ticket = all[c.w.rng.IntN(len(all))]
	o.asksRelease(semaphore.ReleaseRequest{Ticket: o.ticket})
}

func (o *semOp) asksRelease(r semaphore.ReleaseRequest) {
	r.Name, r.Caller = o.oracle.name, o.caller()
	asks(o.op, func(*gateway) answering[semaphore.ReleaseAnswer] {
		r := r
		r.Attempt = o.attempt
		return semaphore.NewReleaseCall(space, r, shelf, now)
	}, o.releaseAnswered)
}

// cancel leaves an acquire.
func (c *semClient) cancel(left *semOp) {
	left.leave()
	left.ended = c.w.steps
	o := c.add("cancel")
	o.session, o.target = left.session, left.request
	r := semaphore.CancelRequest{Name: c.oracle.name, Caller: o.caller(), RequestID: left.request}
	asks(o.op, func(*gateway) answering[bool] {
		return semaphore.NewCancelCall(space, r, shelf, now)
	}, o.cancelAnswered)
}

// walk leaves a request for good.
func (o *semOp) walk() {
	o.w.tracef("the client of %s walks away", o.request)
	o.leave()
	o.ended, o.walked = o.w.steps, true
}

func (c *semClient) get() {
	o := c.add("get")
	asks(o.op, func(*gateway) answering[semaphore.State] { return getSemaphore(c.oracle.name) }, o.getAnswered)
}
