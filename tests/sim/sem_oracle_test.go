package sim

import (
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/semaphore"
)

// semOracle knows what is true of one semaphore, and who did what to it.
type semOracle struct {
	w     *world
	name  keys.Name
	now   semState
	past  past[semState]
	deeds []deed
	ops   []*semOp          // in the order in which they began
	of    map[*op]*semOp    // the same
	taken map[string]int64  // what requests without a session took and did not give back
	over  map[string]string // requests that must neither be in line again nor have an effect, and why
	looks int
}

func newSemOracle(w *world, name keys.Name) *semOracle {
	o := &semOracle{
		w: w, name: name, of: map[*op]*semOp{}, over: map[string]string{},
		past: past[semState]{{}}, taken: map[string]int64{},
	}
	w.oracles = append(w.oracles, o)
	w.sweeps = append(w.sweeps, semaphore.Abandoned)
	return o
}

// prefix is what every key of the semaphore but its record starts with.
func (o *semOracle) prefix() string { return "cp/semaphore/" + string(o.name) + "/" }

// concerns reports whether a revision changes the semaphore.
func (o *semOracle) concerns(c commit) bool {
	return slices.ContainsFunc(c.events, func(e kv.Event) bool {
		return strings.HasPrefix(e.Key, o.prefix()) || e.Key+"/" == o.prefix()
	})
}

// observe implements oracle.
func (o *semOracle) observe(c commit, by *entry) {
	if !o.concerns(c) {
		return
	}
	for _, p := range c.parts(by) {
		if o.concerns(p.commit) {
			before := o.now
			o.now = before.next(o.name, p.events)
			o.past = append(o.past, moment[semState]{c.rev, o.w.steps, o.now})
			o.judge(before, p.by)
		}
	}
	o.checkLine()
}

// checkLine sees to it that nobody is in line who must not be.
func (o *semOracle) checkLine() {
	for _, t := range o.now.line {
		if why := o.over[t.request]; why != "" {
			o.w.failf("request %s is in line, after it was %s (X2)", t.request, why)
		}
		if _, ended := o.w.dead[t.sid]; ended {
			o.w.failf("%s is in line, and its session has ended (X1)", t.key)
		}
	}
}

// sampled is how many looks at a mirror there are to one that has it described in full: that takes its time.
const sampled = 4

// compare implements oracle: what is admitted is a function of the keys (S3, R1).
func (o *semOracle) compare(whose string, v mirror.View) {
	want := o.past.at(v.Revision())
	l := v.Line(o.prefix())
	if l.Len() != len(want.line) || l.Admitted() != want.admitted() || int64(l.Held()) != want.held() {
		o.w.failf("%s at %d: %d of %d hold %d, want %d of %d and %d (S3)", whose, v.Revision(),
			l.Admitted(), l.Len(), l.Held(), want.admitted(), len(want.line), want.held())
		return
	}
	for n, t := range want.line {
		if l.At(n).Key != t.key {
			o.w.failf("%s at %d: place %d is %s, want %s (S2)", whose, v.Revision(), n, l.At(n).Key, t.key)
		}
	}
	if o.looks++; o.looks%sampled == 0 {
		o.describe(whose, v)
	}
}

func (o *semOracle) describe(whose string, v mirror.View) {
	d, err := semaphore.Describe(v, o.name)
	if err != nil {
		o.w.failf("%s at %d: %v", whose, v.Revision(), err)
	} else if text := o.past.at(v.Revision()).differs(d); text != "" {
		o.w.failf("%s at %d: %s (R1)", whose, v.Revision(), text)
	}
}

// was reports whether something was true at some time since the request began.
func (o *semOracle) was(since int, match func(semState) bool) bool {
	for s := range o.past.since(since) {
		if match(s) {
			return true
		}
	}
	return false
}
