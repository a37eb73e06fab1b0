package sim

import (
	"errors"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/cpgate/cpgate/semaphore"
)

// The answers to all requests have to be those of one request after the other, in an order in which whatever was
// answered before something else was asked comes before it. What nobody was told of (an acquire that was given up in the
// moment in which it held, a release whose client is gone) happened when the oracle saw it happen.

// checkHistory has porcupine look for such an order.
func (o *semOracle) checkHistory() {
	if o.w.failure != "" {
		return
	}
	all := o.history()
	switch porcupine.CheckOperationsTimeout(semModel, all, patienceForOrder) {
	case porcupine.Illegal:
		for _, p := range all {
			o.w.tracef("from %d to %d: %v", p.Call/2, p.Return/2, p.Input)
		}
		o.w.failf("the answers are not linearizable")
	case porcupine.Unknown:
		o.w.failf("%v do not suffice to tell whether the answers are linearizable", patienceForOrder)
	}
}

// patienceForOrder is a thousand times what it takes.
const patienceForOrder = 10 * time.Second

// history returns all that was told or done, as porcupine takes it.
func (o *semOracle) history() (all []porcupine.Operation) {
	known := map[int]bool{} // the deeds that somebody was told of
	for _, s := range o.ops {
		if in, ok := o.tellable(s, known); ok {
			all = append(all, operation(in, s.begun, s.ended))
		}
	}
	for n, d := range o.deeds {
		if in, ok := d.silent(); ok && !known[n] {
			all = append(all, operation(in, d.step, d.step))
		}
	}
	for id, step := range o.w.dead {
		all = append(all, operation(semInput{what: sessionEnds, sid: id}, step, step))
	}
	return all
}

func operation(in any, from, to int) porcupine.Operation {
	return porcupine.Operation{Input: in, Call: int64(2 * from), Return: int64(2*to + 1)}
}

// tellable returns what a client was told, and marks the deeds of which that tells. ok is false for what tells nothing:
// that somebody had to wait is checked elsewhere.
func (o *semOracle) tellable(s *semOp, known map[int]bool) (in semInput, ok bool) {
	in = semInput{request: s.target, sid: s.session, ticket: s.ticket, n: s.n, sessionless: s.less}
	if s.failed != nil {
		in.what = told[rootOf(s.failed)]
		if in.what == holdsLess && s.ticket != "" {
			in.what = holdsNothing // of this ticket: one that a late attempt put may stand there and wait
		}
		return in, in.what != nothing
	}
	if !s.heard {
		return in, false
	}
	switch s.kind {
	case "acquire":
		in.what = takes
		return in, s.yes && o.tellsOf(s, known, true)
	case "drain":
		in.what, in.n = drains, s.got
		return in, s.got != 0 && o.tellsOf(s, known, true)
	case "release":
		in.what, in.n = gives, s.got
		if s.ticket != "" && s.got == 0 {
			in.what = holdsNothing
			return in, true
		}
		in.parts = o.parts(s)
		return in, o.tellsOf(s, known, false)
	case "change":
		in.what = changes
		return in, o.tellsOf(s, known, false) || s.n == 0
	case "init":
		in.what, in.yes = inits, s.yes
		return in, !s.yes || o.tellsOf(s, known, false)
	case "destroy":
		in.what, in.yes = destroys, s.yes
		return in, !s.yes || o.tellsOf(s, known, true)
	case "get":
		in.what, in.n, in.yes = gets, s.got, s.yes
		return in, true
	}
	return in, false
}

// tellsOf marks the deeds of a request, or the last one alone, and reports whether there are any. What a request took was
// taken in the moment in which its ticket came to hold, whoever did that.
func (o *semOracle) tellsOf(s *semOp, known map[int]bool, lastOnly bool) (found bool) {
	for n := len(o.deeds) - 1; n >= 0 && !(found && lastOnly); n-- {
		d := o.deeds[n]
		mine := d.by == s && d.what != admitted
		if lastOnly && s.kind != "destroy" {
			mine = d.what == admitted && d.request == s.request || d.what == counted && d.by != nil && d.by.target == s.request
		}
		if mine && d.step <= s.ended {
			known[n], found = true, true
		}
	}
	return found
}

// parts returns what a release took from which request's permits. That this is their right order is checked elsewhere.
func (o *semOracle) parts(s *semOp) (all []grant) {
	for _, d := range o.doneBy(s, gone) {
		all = append(all, grant{d.request, d.sid, -d.n})
	}
	return all
}

// silent returns a deed that nobody was told of.
func (d deed) silent() (in semInput, ok bool) {
	in = semInput{request: d.request, sid: d.sid, n: d.n, yes: true}
	switch d.what {
	case admitted:
		in.what = takes
	case gone:
		in.what, in.n = shrinks, -d.n
		return in, d.by != nil || d.swept // else its session has ended
	case counted:
		in.what = changes
	case initialized:
		in.what, in.sessionless = inits, d.sessionless
	case destroyed:
		in.what = destroys
	}
	return in, true
}

// told is what errors say.
var told = map[error]semDoes{
	semaphore.ErrNotInitialized: isNotThere,
	semaphore.ErrPermitsNotHeld: holdsLess,
}

func rootOf(err error) error {
	for e := range told {
		if errors.Is(err, e) {
			return e
		}
	}
	return nil
}
