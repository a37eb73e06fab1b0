package sim

import (
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/store"
)

// stage is where a run stands; it is the model of internal/store/run.go.
type stage int

const (
	looking stage = iota
	committing
	alongside // its transaction is committed with another call's
	reading   // a barrier
	seeing    // the mirror has to reach a revision
	waiting
	turning // somebody else may have the turn before
	resting
	ended
)

// run is one call on one gateway.
type run struct {
	g         *gateway
	by        *op // what asked for it; nil for an operator
	call      store.Call
	stage     stage
	see       kv.Revision
	looked    bool // what is seen is a barrier's
	rest      *kv.Rest
	news      bool
	timed     bool // the call has a timeout that has not passed yet
	left      bool // its caller is gone
	tidying   bool // and the call knows
	graceOver bool
	unknowns  int
	full      bool   // etcd had no room for the last transaction
	turn      string // that it waits for, or had
	foldable  bool   // and others may have it too
	sent      *sent
	along     []*run   // whose transactions are folded into that
	limbo     []*entry // lost on the way: they may be committed late
	answer    func(err error)
}

// patience is how many transactions of unknown outcome a call sees through.
const patience = 3

// moves returns what can happen to the run next.
func (r *run) moves() (m []func()) {
	if r.left && !r.tidying && r.stage != committing && r.stage != alongside {
		m = append(m, r.leave)
	}
	switch r.stage {
	case looking:
		m = append(m, r.look)
	case committing:
		for range r.g.w.climate.swift {
			m = append(m, r.commit)
		}
		if r.g.w.chance(r.g.w.climate.unknown) {
			m = append(m, r.loseAnswer)
		}
	case reading:
		m = append(m, r.read)
		if !r.g.w.draining && r.g.w.chance(2*r.g.w.climate.unknown) {
			m = append(m, r.failRead)
		}
	case seeing:
		if r.g.mirror.Revision() >= r.see {
			m = append(m, r.seen)
		}
	case waiting:
		m = r.befalls(m)
	case turning:
		if m = r.befalls(m); r.g.w.draining || r.g.w.chance(r.g.w.climate.queue) {
			m = append(m, r.inTurn, r.inTurn)
		}
	case resting:
		m = r.befalls(append(m, r.signals(kv.Rested)))
		if i := r.g.mirror.Get(r.rest.While.Key); i == nil || i.Mod != r.rest.While.Mod {
			m = append(m, r.again)
		}
	}
	return m
}

// befalls adds what ends a wait of any kind.
func (r *run) befalls(m []func()) []func() {
	if r.news && r.stage != turning {
		m = append(m, func() { r.stage, r.news = looking, false })
	}
	if r.timed && !r.tidying {
		m = append(m, func() { r.timed = false; r.signals(kv.TimedOut)() })
	}
	if !r.g.w.draining && r.g.w.chance(10*r.g.w.climate.unknown) {
		m = append(m, r.cutOff)
	}
	if r.tidying && !r.graceOver {
		m = append(m, func() { r.graceOver = true; r.signals(kv.GraceOver)() })
	}
	return m
}

func (r *run) again() { r.stage = looking }

func (r *run) signals(s kv.Signal) func() {
	return func() {
		r.stage = looking
		r.call.Signal(s)
	}
}

func (r *run) look() {
	r.g.w.tracef("%s looks at %d for %s", r.g.id, r.g.mirror.Revision(), r.by)
	switch s := r.call.Next(r.g.mirror.View()); {
	case s.Done:
		r.finish(nil)
	case s.Commit != nil:
		r.send(*s.Commit)
	case s.Barrier && r.g.w.noBarrier:
		r.call.Looked(r.g.mirror.Revision())
	case s.Barrier:
		r.stage = reading
	case s.Wait:
		r.stage, r.full = waiting, false
	case s.Turn != "":
		r.stage, r.turn, r.foldable = turning, s.Turn, s.Folds
	case s.Rest != nil:
		r.rest, r.stage, r.full = s.Rest, resting, false
	default:
		r.see, r.looked, r.stage = s.See, false, seeing
	}
}

// unknown is what the store makes of an outcome that is: the call looks again, behind a barrier, or has lost patience.
func (r *run) unknown() {
	r.stage = reading
	if r.unknowns++; r.unknowns >= patience {
		r.finish(errLost)
	}
}

func (r *run) read() { r.see, r.looked, r.stage = r.g.w.etcd.rev, true, seeing }

func (r *run) failRead() { r.finish(errLost) }

// cutOff ends a wait because the gateway's member has lost the others.
func (r *run) cutOff() { r.finish(errLost) }

func (r *run) seen() {
	r.stage = looking
	if r.looked {
		r.call.Looked(r.see)
	}
}

// finish ends the run, or lets it tidy up behind a caller that can't be told.
func (r *run) finish(err error) {
	switch {
	case r.tidying && err != nil:
		r.stage, r.full = looking, false // tries again
		return
	case r.tidying:
		r.end()
		return
	case !r.left:
		r.left = true
		r.answer(err)
		if err == nil {
			r.end()
			return
		}
	}
	r.leave()
}

func (r *run) leave() {
	if !r.call.Loose() {
		r.end()
		return
	}
	r.tidying, r.stage, r.full = true, looking, false
	r.call.Signal(kv.Left)
}

func (r *run) end() {
	r.stage = ended
	r.g.runs = slices.DeleteFunc(r.g.runs, func(o *run) bool { return o == r })
}
