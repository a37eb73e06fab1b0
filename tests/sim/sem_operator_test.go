package sim

import (
	"fmt"
	"slices"

	"github.com/cpgate/cpgate/semaphore"
)

// semOperator is who initializes a semaphore, changes its permits and destroys it, now and then as the other kind.
type semOperator struct {
	oracle      *semOracle
	sessionless bool
	fickle      bool // the other kind is as good
	next        int
	ops         []*semOp
}

// moves implements actor.
func (p *semOperator) moves() (m []func()) {
	w := p.oracle.w
	p.ops = slices.DeleteFunc(p.ops, func(o *semOp) bool { return o.ended != 0 })
	for _, o := range p.ops {
		m = append(m, o.moves()...)
	}
	if w.draining {
		return m
	}
	switch n := w.rng.IntN(60); {
	case !p.oracle.now.there && n < 20, n == 0:
		m = append(m, p.init)
	case n == 1:
		m = append(m, p.destroy)
	case n < 6:
		m = append(m, p.change)
	}
	return m
}

func (p *semOperator) add(kind string) *semOp {
	p.next++
	o := p.oracle.begin(nil, kind, fmt.Sprintf("op%d", p.next))
	p.ops = append(p.ops, o)
	return o
}

func (p *semOperator) init() {
	o := p.add("init")
	o.n = p.oracle.w.rng.Int64N(5)
	o.less = p.sessionless != (p.fickle && p.oracle.w.chance(2))
	r := semaphore.InitRequest{
		Name: p.oracle.name, Permits: semaphore.Permits(o.n), RequestID: o.request, Sessionless: o.less,
	}
	asks(o.op, func(*gateway) answering[bool] { return semaphore.NewInitCall(space, r, shelf, now) }, o.initAnswered)
}

// change adds permits or, as likely, removes some.
func (p *semOperator) change() {
	o := p.add("change")
	o.n = p.oracle.w.rng.Int64N(7) - 3
	r := semaphore.ChangeRequest{Name: p.oracle.name, By: o.n, RequestID: o.request}
	asks(o.op, func(*gateway) answering[any] {
		r := r
		r.Attempt = o.attempt
		return changing{semaphore.NewChangeCall(space, r, shelf, now)}
	}, o.changeAnswered)
}

// changing is a change with an answer like those of all other calls.
type changing struct{ *semaphore.ChangeCall }

func (c changing) Answer() (any, error) { return nil, c.Err() }

func (p *semOperator) destroy() {
	o := p.add("destroy")
	asks(o.op, func(*gateway) answering[bool] {
		return semaphore.NewDestroyCall(space, p.oracle.name, shelf, now)
	}, o.destroyAnswered)
}
