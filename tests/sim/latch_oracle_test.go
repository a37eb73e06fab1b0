package sim

import (
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// latchOracle knows what is true of one latch, and who did what to it.
type latchOracle struct {
	w     *world
	name  keys.Name
	now   latchState
	past  past[latchState]
	deeds []latchDeed
	ops   []*latchOp
	of    map[*op]*latchOp
	over  map[string]string // requests that must do nothing any more, and why
}

// latchDeed is one thing that happened to a latch.
type latchDeed struct {
	step  int
	what  latchDoing
	by    *latchOp // nil for what nobody asked for
	born  kv.Revision
	round kv.Revision // the one that is on then
	last  kv.Revision // and the one before
	count int64
}

type latchDoing int

const (
	began  latchDoing = iota
	counts            // an arrival, by which less remains
	ends              // destroyed
)

func newLatchOracle(w *world, name keys.Name) *latchOracle {
	o := &latchOracle{w: w, name: name, of: map[*op]*latchOp{}, over: map[string]string{}, past: past[latchState]{{}}}
	w.oracles = append(w.oracles, o)
	return o
}

// prefix is what every key of the latch but its record starts with.
func (o *latchOracle) prefix() string { return "cp/latch/" + string(o.name) + "/" }

// observe implements oracle.
func (o *latchOracle) observe(c commit, by *entry) {
	for _, p := range c.parts(by) {
		if slices.ContainsFunc(p.events, func(e kv.Event) bool { return strings.HasPrefix(e.Key+"/", o.prefix()) }) {
			o.follow(p)
		}
	}
}

func (o *latchOracle) follow(p part) {
	before := o.now
	o.now = before.next(o.name, p.commit)
	o.past = append(o.past, moment[latchState]{p.rev, o.w.steps, o.now})
	if p.by == nil || p.by.by == nil || o.of[p.by.by] == nil {
		o.w.failf("somebody unknown writes to %s", o.name)
		return
	}
	o.judge(before, o.of[p.by.by], p.events)
}

// judge notes what a transaction has done, and that it may do that.
func (o *latchOracle) judge(before latchState, by *latchOp, events []kv.Event) {
	now := o.now
	note := func(what latchDoing) {
		d := latchDeed{o.w.steps, what, by, now.born, now.round, now.last, now.count}
		o.w.tracef("  %v by %s of %s in round %d", what, by.kind, by.request, now.round)
		o.deeds = append(o.deeds, d)
		if why := o.over[by.request]; why != "" {
			o.w.failf("%s of %s does something, after it was %s (C2)", by.kind, by.request, why)
		}
	}
	switch {
	case before.there && !now.there:
		note(ends)
		o.must(by, "destroy", before.there)
	case before.round != now.round:
		note(began)
		o.must(by, "set", before.remaining() == 0 && now.count == by.n)
	case now.remaining() < before.remaining():
		note(counts)
		o.checkArrival(before, by)
	case now.remaining() > before.remaining():
		o.w.failf("%s of %s lets %d remain, not %d (C1)", by.kind, by.request, now.remaining(), before.remaining())
	}
	for _, e := range events {
		if e.Item != nil && strings.HasPrefix(e.Key, o.prefix()) {
			o.must(by, "count down", slices.Contains(now.arrivals, arrival{now.round, by.request}))
		}
	}
}

// must holds what a transaction did against what its request may do.
func (o *latchOracle) must(by *latchOp, kind string, right bool) {
	if by.kind != kind || !right {
		o.w.failf("%s of %s must not do that (%s)", by.kind, by.request, kind)
	}
}

// checkArrival: a request arrives once, and not in the round after that either (C2).
func (o *latchOracle) checkArrival(before latchState, by *latchOp) {
	if before.remaining()-o.now.remaining() != 1 || by.round != 0 && by.round != o.now.round {
		o.w.failf("%s arrives in round %d, and %d remain of %d", by.request, o.now.round, o.now.remaining(), before.remaining())
	}
	for _, d := range o.deeds[:len(o.deeds)-1] {
		if d.what == counts && d.by == by && d.born == o.now.born && (d.round == o.now.round || d.round == o.now.last) {
			o.w.failf("%s arrives in round %d, and did in %d (C2)", by.request, o.now.round, d.round)
		}
	}
}

// compare implements oracle: what remains is a function of the keys (R1).
func (o *latchOracle) compare(whose string, v mirror.View) {
	want := o.past.at(v.Revision())
	record, _, remaining, ok := v.Latch(o.prefix())
	switch {
	case ok != want.there || int64(remaining) != want.remaining():
		o.w.failf("%s at %d: %d remain, want %d (R1)", whose, v.Revision(), remaining, want.remaining())
	case ok && (record.Mod != want.round || record.Create != want.born):
		o.w.failf("%s at %d: round %d, want %d (R1)", whose, v.Revision(), record.Mod, want.round)
	}
}

// calm implements oracle: nobody awaits what has come.
func (o *latchOracle) calm() {
	for _, s := range o.ops {
		switch {
		case s.ended != 0:
		case s.kind != "await":
			o.w.failf("%s of %s never ended", s.kind, s.request)
		case o.now.remaining() == 0:
			o.w.failf("%s awaits zero, and nothing remains", s.request)
		}
	}
}

// rest implements oracle.
func (o *latchOracle) rest() {
	for _, s := range o.ops {
		if s.ended == 0 {
			o.w.failf("%s of %s never ended", s.kind, s.request)
		}
	}
	o.checkHistory()
}

func (d latchDoing) String() string { return [...]string{"began", "counts", "ends"}[d] }
