package bench

import (
	"context"
	"sync/atomic"
	"time"
)

// Work is what callers do over and over.
type Work struct {
	// Steps are the names of the parts of a cycle, in their order.
	Steps []string
	// OneHolds is set where after the first step the caller has what only one can have: changes from one to another
	// are counted.
	OneHolds bool
	// Cycle does it once, for a caller by its number, and calls Done after each step. It ends soon when ctx does.
	Cycle func(ctx context.Context, caller int, lap *Lap) error
}

// Lap is the clock of one caller.
type Lap struct {
	run    *run
	caller int
	step   int
	began  time.Time
}

// Start says that the next step began at that time, if that is not when the last one ended.
func (l *Lap) Start(at time.Time) { l.began = at }

// Done says that a step has ended, and so the next one begun.
func (l *Lap) Done() {
	now := time.Now()
	if l.step == 0 && l.run.work.OneHolds {
		l.run.holds(l.caller)
	}
	if l.run.measuring.Load() {
		l.run.steps[l.step].Add(now.Sub(l.began))
	}
	l.step++
	l.began = now
}

// run is one measurement.
type run struct {
	work      Work
	measuring atomic.Bool
	all       atomic.Int64 // cycles, also those of the warm-up
	holder    atomic.Int64 // the number of who held last, from 1
	changes   atomic.Int64 // of the holder, while measuring
	steps     []Histogram
	cycles    []atomic.Int64 // of each caller, while measuring
}

func newRun(callers int, w Work) *run {
	return &run{work: w, steps: make([]Histogram, len(w.Steps)), cycles: make([]atomic.Int64, callers)}
}

// loop is the life of a caller, until ctx ends or a cycle fails.
func (r *run) loop(ctx context.Context, caller int) error {
	for ctx.Err() == nil {
		lap := &Lap{run: r, caller: caller, began: time.Now()}
		if err := r.work.Cycle(ctx, caller, lap); err != nil {
			return err
		}
		r.all.Add(1)
		if r.measuring.Load() {
			r.cycles[caller].Add(1)
		}
	}
	return nil
}

// holds notes who holds now. Nobody else does until it has given that back, so callers come one after the other.
func (r *run) holds(caller int) {
	if now := int64(caller) + 1; r.holder.Swap(now) != now && r.measuring.Load() {
		r.changes.Add(1)
	}
}
