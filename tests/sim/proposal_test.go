package sim

import (
	"cmp"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/proposal"
)

// sent is a transaction on its way to etcd.
type sent struct {
	by    *op // what asked for the call that sent it; nil for a sweep
	txn   kv.Txn
	steps []*sent // that it is folded of
	done
}

// entry is an entry in etcd's log, or one that may yet be: transactions that are proposed as one.
type entry struct {
	all  []*sent
	done bool
}

func alone(s *sent) *entry { return &entry{all: []*sent{s}} }

func (e *entry) txns() (all []kv.Txn) {
	for _, s := range e.all {
		all = append(all, s.txn)
	}
	return all
}

// puts reports whether it needs room.
func (e *entry) puts() bool { return slices.ContainsFunc(e.txns(), kv.Txn.Puts) }

// parts are what the transactions of an entry did, as if one came after the other: a revision that nobody asked for is one
// part. They may come in any order, save that tickets that came in one revision stand in line in that of their keys.
func (c commit) parts(by *entry) []part {
	if by == nil {
		return []part{{commit: c}}
	}
	var all []part
	for _, s := range by.all {
		all = append(all, part{commit{c.rev, s.events}, s})
	}
	slices.SortStableFunc(all, func(a, b part) int { return cmp.Compare(a.newest(), b.newest()) })
	return unfolded(all)
}

// unfolded has the steps of what is folded, in their order, in the place of that.
func unfolded(all []part) (each []part) {
	for _, p := range all {
		for _, s := range p.by.steps {
			each = append(each, part{commit{p.rev, s.events}, s})
		}
		if len(p.by.steps) == 0 {
			each = append(each, p)
		}
	}
	return each
}

// part is what one transaction did in a revision.
type part struct {
	commit
	by *sent // nil for what nobody asked for
}

// newest is the last key that came newly, "" for none.
func (p part) newest() (key string) {
	for _, e := range p.events {
		if e.Item != nil && e.Item.Create == p.rev {
			key = max(key, e.Key)
		}
	}
	return key
}

// proposed returns the calls of the gateway whose transactions wait and go into one proposal with r's, which is decided by
// the product's own queue; and the proposal.
func (r *run) proposed() (group []*run, e *entry) {
	var q proposal.Queue[*run]
	add := func(o *run) {
		t := o.sent.txn
		if r.g.w.heedless {
			t = kv.Txn{}
		}
		q.Add(proposal.NewEntry(t, o))
	}
	add(r)
	for _, n := range r.g.w.rng.Perm(len(r.g.runs)) {
		if o := r.g.runs[n]; o != r && o.stage == committing && !r.g.w.chance(r.g.w.climate.alone) {
			add(o)
		}
	}
	e = &entry{}
	for _, one := range q.Next() {
		group, e.all = append(append(group, one.By), one.By.along...), append(e.all, one.By.sent)
	}
	return group, e
}

// commit has r's transaction answered, and those that share its proposal. What their calls proposed before has come by
// then, or never will: etcd's log keeps their order.
func (r *run) commit() {
	w := r.g.w
	group, e := r.proposed()
	ok := !w.atTheDoor(e)
	if ok {
		for _, o := range group {
			for _, lost := range o.limbo {
				w.settle(lost)
			}
			o.limbo = nil
		}
		ok = w.apply(e)
	}
	rev := w.etcd.rev
	for _, o := range group {
		if o.stage = looking; ok {
			o.call.Committed(kv.Result{Succeeded: o.sent.succeeded, Revision: rev})
		} else {
			o.noRoom()
		}
	}
}

// loseAnswer makes the outcome unknown: the proposal is committed now, or late, or never. Or etcd is too busy to take it
// at all, and says so.
func (r *run) loseAnswer() {
	w := r.g.w
	group, e := r.proposed()
	fate := w.rng.IntN(4)
	switch fate {
	case 0:
		w.apply(e)
	case 1:
		w.limbo = append(w.limbo, e)
	}
	for _, o := range group {
		switch fate {
		case 1:
			o.limbo = append(o.limbo, e)
		case 2:
			o.finish(errLost)
			continue
		}
		o.unknown()
	}
}
