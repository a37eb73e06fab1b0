package sim

import (
	"github.com/anishathalye/porcupine"

	"github.com/cpgate/cpgate/internal/kv"
)

// latchSequel is a latch that does one thing after the other.
type latchSequel struct {
	there     bool
	round     kv.Revision
	remaining int64
}

// latchInput is one thing that is done, with what came of it.
type latchInput struct {
	what      string
	round     kv.Revision
	remaining int64
}

var latchModel = porcupine.Model{
	Init: func() any { return latchSequel{} },
	Step: func(state, input, _ any) (bool, any) {
		next, ok := state.(latchSequel).do(input.(latchInput))
		return ok, next
	},
}

// do returns what comes next, and whether that can be at all.
func (s latchSequel) do(in latchInput) (latchSequel, bool) {
	switch in.what {
	case "set":
		return latchSequel{true, in.round, in.remaining}, s.remaining == 0
	case "arrive":
		ok := s.round == in.round && s.remaining > 0
		s.remaining--
		return s, ok
	case "show": // what remains of which round
		return s, s.remaining == in.remaining && s.round == in.round
	case "refuse":
		return s, s.remaining > 0 && s.round == in.round
	case "complete":
		return s, s.remaining == 0
	case "destroy":
		return latchSequel{}, s.there
	}
	return s, !s.there // there is nothing to destroy
}

// checkHistory has porcupine look for an order in which the answers are those of one request after the other. What
// began, arrived or was destroyed did so when the oracle saw it, which is while somebody asked for it; what was shown or
// refused has to fit in between.
func (o *latchOracle) checkHistory() {
	if o.w.failure != "" {
		return
	}
	all := o.history()
	switch porcupine.CheckOperationsTimeout(latchModel, all, patienceForOrder) {
	case porcupine.Illegal:
		for _, p := range all {
			o.w.tracef("from %d to %d: %+v", p.Call/2, p.Return/2, p.Input)
		}
		o.w.failf("the answers are not linearizable")
	case porcupine.Unknown:
		o.w.failf("%v do not suffice to tell whether the answers are linearizable", patienceForOrder)
	}
}

func (o *latchOracle) history() (all []porcupine.Operation) {
	for _, d := range o.deeds {
		in := latchInput{[...]string{"set", "arrive", "destroy"}[d.what], d.round, d.count}
		all = append(all, operation(in, d.step, d.step))
	}
	for _, s := range o.ops {
		if in := s.shows(); in.what != "" {
			all = append(all, operation(in, s.begun, s.ended))
		}
	}
	return all
}

// shows returns what a client was told of the state.
func (o *latchOp) shows() (in latchInput) {
	switch {
	case !o.heard:
	case o.kind == "set" && !o.yes:
		return latchInput{"refuse", o.on, 0}
	case o.kind == "count down", o.kind == "await" && !o.yes:
		return latchInput{"show", o.on, o.remaining}
	case o.kind == "await":
		return latchInput{"complete", 0, 0}
	case o.kind == "destroy" && !o.yes:
		return latchInput{"destroy nothing", 0, 0}
	}
	return in
}
