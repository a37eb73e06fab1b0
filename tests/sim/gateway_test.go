package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// errLost is what a client sees of a gateway that crashed, or that can't tell an outcome: it asks again.
var errLost = errors.New("connection lost")

// gateway is one gateway: its mirror, which is as late as the schedule makes it, and the calls under way.
type gateway struct {
	w      *world
	id     string
	mirror *mirror.Mirror
	pos    int // how much of etcd's log the mirror has seen
	runs   []*run
	calls  int
}

// stage is where a run stands; it is the model of store.Run.
type stage int

const (
	looking stage = iota
	committing
	reading // a barrier
	seeing  // the mirror has to reach a revision
	waiting
	ended
)

// run is one call on one gateway.
type run struct {
	g         *gateway
	call      store.Call
	stage     stage
	see       kv.Revision
	looked    bool // what is seen is a barrier's
	news      bool
	timed     bool // the call has a timeout that has not passed yet
	left      bool // its caller is gone
	tidying   bool // and the call knows
	graceOver bool
	unknowns  int
	proposal  *proposal
	limbo     []*proposal // lost on the way: they may be committed late
	answer    func(err error)
}

// proposal is a transaction on its way to etcd.
type proposal struct {
	txn  kv.Txn
	done bool
}

func (g *gateway) start(c store.Call, timed bool, answer func(err error)) *run {
	r := &run{g: g, call: c, timed: timed, answer: answer}
	g.runs = append(g.runs, r)
	return r
}

// deliver lets the mirror see the next revision.
func (g *gateway) deliver() {
	c := g.w.etcd.log[g.pos]
	g.pos++
	news := g.mirror.Fold(c.rev, c.events)
	if g.w.deaf {
		news = news[:len(c.events)]
	}
	g.wake(news)
}

// rebuild is a watch lost and the mirror read anew.
func (g *gateway) rebuild() {
	g.pos = len(g.w.etcd.log)
	g.wake(g.mirror.Rebuild(g.w.etcd.rev, g.w.etcd.snapshot()))
}

func (g *gateway) wake(news []string) {
	for _, r := range g.runs {
		for _, k := range r.call.Keys() {
			r.news = r.news || slices.Contains(news, k)
		}
	}
}

// moves returns what can happen to the run next.
func (r *run) moves() (m []func()) {
	switch r.stage {
	case looking:
		m = append(m, r.look)
	case committing:
		m = append(m, r.commit, r.commit, r.commit)
		if r.g.w.rng.IntN(10) == 0 {
			m = append(m, r.loseAnswer)
		}
	case reading:
		m = append(m, r.read)
		if r.g.w.rng.IntN(20) == 0 && !r.g.w.draining {
			m = append(m, r.failRead)
		}
	case seeing:
		if r.g.mirror.Revision() >= r.see {
			m = append(m, r.seen)
		}
	case waiting:
		m = append(m, r.waits()...)
	}
	return m
}

func (r *run) waits() (m []func()) {
	if r.news {
		m = append(m, func() { r.stage, r.news = looking, false })
	}
	if r.timed && !r.tidying {
		m = append(m, func() { r.timed, r.stage = false, looking; r.call.Signal(kv.TimedOut) })
	}
	if r.left && !r.tidying {
		m = append(m, r.leave)
	}
	if r.tidying && !r.graceOver {
		m = append(m, func() { r.graceOver, r.stage = true, looking; r.call.Signal(kv.GraceOver) })
	}
	return m
}

func (r *run) look() {
	r.g.w.tracef("%s %v looks at %d", r.g.id, r.call.Keys()[0], r.g.mirror.Revision())
	switch s := r.call.Next(r.g.mirror.View()); {
	case s.Done:
		r.finish(nil)
	case s.Commit != nil:
		t := *s.Commit
		if r.g.w.mutate != nil {
			t = r.g.w.mutate(t)
		}
		r.proposal, r.stage = &proposal{txn: t}, committing
	case s.Barrier && r.g.w.noBarrier:
		r.call.Looked(r.g.mirror.Revision())
	case s.Barrier:
		r.stage = reading
	case s.Wait:
		r.stage = waiting
	default:
		r.see, r.looked, r.stage = s.See, false, seeing
	}
}

func (r *run) commit() {
	r.stage = looking
	r.call.Committed(r.g.w.apply(r.proposal))
}

// loseAnswer makes the outcome unknown: the transaction is committed now, or late, or never.
func (r *run) loseAnswer() {
	switch r.g.w.rng.IntN(3) {
	case 0:
		r.g.w.apply(r.proposal)
	case 1:
		r.limbo = append(r.limbo, r.proposal)
		r.g.w.limbo = append(r.g.w.limbo, r.proposal)
	}
	r.stage = reading
	if r.unknowns++; r.unknowns == 3 {
		r.finish(errLost)
	}
}

func (r *run) read() {
	if r.graceOver { // what was on its way has come or never will
		for _, p := range r.limbo {
			r.g.w.settle(p)
		}
	}
	r.see, r.looked, r.stage = r.g.w.etcd.rev, true, seeing
}

func (r *run) failRead() { r.finish(errLost) }

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
		r.stage = looking // tries again
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
	r.tidying, r.stage = true, looking
	r.call.Signal(kv.Left)
}

func (r *run) end() {
	r.stage = ended
	r.g.runs = slices.DeleteFunc(r.g.runs, func(o *run) bool { return o == r })
}

func (g *gateway) nextCall() string {
	if g.w.sameCall {
		return g.id + ".0"
	}
	g.calls++
	return fmt.Sprintf("%s.%d", g.id, g.calls)
}
