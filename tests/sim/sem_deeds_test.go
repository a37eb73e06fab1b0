package sim

import (
	"fmt"
	"slices"

	"github.com/cpgate/cpgate/session"
)

// deed is one thing that happened to a semaphore.
type deed struct {
	step    int
	what    doing
	request string     // whose ticket it was
	sid     session.ID // of that ticket
	n       int64      // how many permits: more, or fewer where below 0
	by      *semOp     // nil for the end of a session, and for a sweep
	swept   bool

	sessionless bool // of what was initialized
}

// doing is a kind of deed.
type doing int

const (
	admitted    doing = iota // a ticket came to hold
	gone                     // it was removed, or shrunk
	counted                  // the record says more permits, or fewer
	initialized              // with so many
	destroyed
)

// judge notes what a transaction has done, and that it may do that.
func (o *semOracle) judge(before semState, p *sent) {
	var by *semOp
	if p != nil && p.by != nil {
		by = o.of[p.by]
	}
	first := len(o.deeds)
	o.compareStates(before, deed{step: o.w.steps, by: by, swept: p != nil && p.by == nil})
	for _, d := range o.deeds[first:] {
		o.w.tracef("  %v", d)
		if by != nil && o.over[by.request] != "" && d.what != admitted {
			o.w.failf("%s of %s does something, after it was %s (S4)", by.kind, by.request, o.over[by.request])
		}
	}
	switch {
	case p == nil: // a session has ended
	case p.by == nil:
		o.checkSweep(o.deeds[first:])
	case by == nil:
		o.w.failf("a call to something else writes to %s", o.name)
	default:
		o.checkDeeds(by, before, o.deeds[first:])
	}
}

// compareStates notes what is different now.
func (o *semOracle) compareStates(before semState, who deed) {
	note := func(d deed) {
		d.step, d.by, d.swept = who.step, who.by, who.swept
		o.deeds = append(o.deeds, d)
	}
	now := o.now
	switch {
	case before.there && !now.there:
		note(deed{what: destroyed})
		clear(o.taken)
	case !before.there && now.there:
		note(deed{what: initialized, n: now.permits, sessionless: now.sessionless})
	case before.permits != now.permits:
		note(deed{what: counted, n: now.permits - before.permits})
	}
	for _, t := range before.line {
		left := now.permitsOf(t)
		if t.admitted && left != t.permits && now.there {
			note(deed{what: gone, request: t.request, sid: t.sid, n: left - t.permits})
		}
	}
	for _, t := range now.line {
		if t.admitted && !before.admits(t) {
			note(deed{what: admitted, request: t.request, sid: t.sid, n: t.permits})
		}
	}
}

// permitsOf returns what a ticket takes now, 0 when it is gone.
func (s semState) permitsOf(t stand) int64 {
	return s.sum(func(o stand) bool { return o.key == t.key && o.create == t.create })
}

// admits reports whether a ticket holds.
func (s semState) admits(t stand) bool {
	return slices.ContainsFunc(s.line, func(o stand) bool { return o.admitted && o.key == t.key && o.create == t.create })
}

// doneBy returns what a request did.
func (o *semOracle) doneBy(by *semOp, what doing) (all []deed) {
	for _, d := range o.deeds {
		if d.by == by && d.what == what {
			all = append(all, d)
		}
	}
	return all
}

func (d deed) String() string {
	by := "the end of a session, or a sweep"
	if d.by != nil {
		by = d.by.kind + " of " + d.by.request
	}
	return fmt.Sprintf("%s %s %d by %s", d.what, d.request, d.n, by)
}

func (d doing) String() string {
	return [...]string{"admitted", "gone", "counted", "initialized", "destroyed"}[d]
}
