package sim

import (
	"bytes"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/proposal"
)

// inTurn has r look in its turn, and folds what it then wants committed with what others want that wait for the same turn on
// its gateway, as the product's own code does. It is the model of internal/store/together.go.
func (r *run) inTurn() {
	folds := r.folds()
	if r.look(); r.stage != committing || !folds {
		return
	}
	w := r.g.w
	var f proposal.Fold
	step, ok := f.Add(r.sent.txn)
	if !ok {
		return
	}
	whole := &sent{by: r.by, steps: []*sent{{by: r.by, txn: step}}}
	others := slices.Clone(r.g.runs)
	for _, n := range w.rng.Perm(len(others)) {
		o := others[n]
		if !o.folds() || o.turn != r.turn || w.chance(w.climate.alone) {
			continue
		}
		if o.look(); o.stage != committing {
			continue
		}
		o.stage, r.along = alongside, append(r.along, o)
		if step, ok := f.Add(o.sent.txn); ok {
			o.sent = &sent{by: o.by, txn: step}
			whole.steps = append(whole.steps, o.sent)
		}
	}
	whole.txn = f.Txn()
	if r.sent = whole; len(whole.steps) > 1 {
		w.folded++
	}
}

// folds reports whether the call may have its turn together with others.
func (r *run) folds() bool { return r.stage == turning && r.foldable && !r.full }

// foldAll notes of all in a proposal that are folded what their steps are to do.
func (e *etcd) foldAll(p *entry) {
	for _, s := range p.all {
		if len(s.steps) > 0 {
			e.fold(s)
		}
	}
}

// fold notes what each step of a transaction is to do, which has as a whole to be what the transaction does.
func (e *etcd) fold(s *sent) {
	as := map[string]kv.Event{}
	for _, step := range s.steps {
		for _, o := range step.txn.Then {
			step.events = append(step.events, e.events(o)...)
		}
		for _, ev := range step.events {
			as[ev.Key] = ev
		}
	}
	for _, o := range s.txn.Then {
		for _, ev := range e.events(o) {
			if !same(as[ev.Key].Item, ev.Item) {
				e.foul = "a fold does something else than its steps to " + ev.Key
			}
			delete(as, ev.Key)
		}
	}
	if len(as) > 0 {
		e.foul = "a fold does less than its steps"
	}
}

// came notes what came of the steps of what is folded.
func (s *sent) came(d done) {
	s.done = d
	for _, step := range s.steps {
		if step.succeeded = d.succeeded; !d.succeeded {
			step.events = nil
		}
	}
}

func same(a, b *kv.Item) bool {
	if a == nil || b == nil {
		return a == b
	}
	return bytes.Equal(a.Value, b.Value) && a.Lease == b.Lease
}
