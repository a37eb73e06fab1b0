package sim

import (
	"errors"
	"time"

	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// now is the time of all that happens.
var now = time.Unix(1_800_000_000, 0)

// op is one request of a well-behaved client, through all of its attempts: a lost one is asked again under the same
// request id, through any gateway.
type op struct {
	w       *world
	life    *life // nil without a session
	session session.ID
	request string
	kind    string
	begun   int
	ended   int // 0 before it is over
	attempt int32
	timed   bool // it has a timeout, which may pass at any time
	run     *run
	last    *run // what was answered last
	orphan  bool // a gateway with an attempt of it crashed, or counted as gone
	next    func(g *gateway) (call store.Call, told func())
	// What a client makes of being told that there is no room; nil where it always asks again.
	unmoved  func() bool // may it be left at that
	resigned func()      // it is
}

// answering is a call with an answer.
type answering[A any] interface {
	store.Call
	Answer() (A, error)
}

// asks says how a request is asked, and who is told the answer that ends it.
func asks[A any](o *op, call func(g *gateway) answering[A], told func(a A, err error)) {
	o.next = func(g *gateway) (store.Call, func()) {
		c := call(g)
		return c, func() {
			a, err := c.Answer()
			o.heard(a, err, func() { told(a, err) })
		}
	}
}

// begin starts a request.
func (w *world) begin(l *life, kind, request string) *op {
	o := &op{w: w, life: l, kind: kind, request: request, begun: w.steps}
	if l != nil {
		o.session = l.id
	}
	return o
}

// moves returns what may happen to the request next on its client's side.
func (o *op) moves() []func() {
	switch {
	case o.ended != 0:
	case o.run == nil:
		return []func(){o.ask}
	case !o.w.draining && o.w.chance(o.w.climate.lost):
		return []func(){o.loseConnection}
	}
	return nil
}

// ask sends the request, or sends it again, to any gateway.
func (o *op) ask() {
	g := o.w.any()
	o.w.tracef("%s is asked of %s to %s, attempt %d", o.request, g.id, o.kind, o.attempt)
	call, told := o.next(g)
	o.attempt++
	o.run = g.start(o, call, o.timed, func(lost error) {
		o.last, o.run = o.run, nil
		if lost == nil && o.ended == 0 {
			told()
		}
		o.refusedForRoom(lost)
	})
}

func (o *op) loseConnection() {
	o.w.tracef("the connection of %s is lost", o.request)
	o.leave()
}

// leave lets the attempt that is under way be: nobody hears its answer.
func (o *op) leave() {
	if o.run != nil {
		o.run.left = true
		o.run = nil
	}
}

// heard takes an answer; one that says so is asked again.
func (o *op) heard(a any, err error, told func()) {
	o.w.tracef("%s is answered %+v, %v", o.request, a, err)
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return
	case errors.Is(err, session.ErrExpired) && !o.gone():
		o.w.failf("%s: %s says expired, and the session lives", o.request, o.kind)
	}
	o.ended = o.w.steps
	told()
}

// unsure reports that an outcome got lost of the attempt that was answered last.
func (o *op) unsure() bool { return o.last.unknowns > 0 || o.last.full }

// gone reports that the request's session has ended.
func (o *op) gone() bool { return o.life != nil && o.life.id != o.session }

func (o *op) String() string {
	if o == nil {
		return "an operator"
	}
	return o.request
}
