package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Plan says how many callers work side by side, and for how long.
type Plan struct {
	Callers  int
	WarmUp   time.Duration // before anything is counted
	Duration time.Duration
	// Watch, if given, is told when measuring begins and when it is over, and twice a second in between and before.
	Watch func(Progress)
}

// Phase is what a run is at.
type Phase int

// The phases of a run, in their order.
const (
	WarmingUp Phase = iota
	Measuring
	Over
)

// Progress is how far a run has come.
type Progress struct {
	Phase   Phase
	Elapsed time.Duration // in this phase
	Of      time.Duration // how long the phase takes
	Cycles  int64         // done in this phase
}

// between is how often Watch is told of progress.
const between = 500 * time.Millisecond

// errOver ends callers whose time is up.
var errOver = errors.New("the time is up")

// ErrNothing says that no caller came to the end of what it did while it was measured.
var ErrNothing = errors.New("nothing was done in the time")

// Run lets callers work, and returns what was measured when all of them have stopped. The first caller that fails ends
// it, with its error, and so does ctx.
func Run(ctx context.Context, p Plan, w Work) (Result, error) {
	working, stop := context.WithCancelCause(ctx)
	defer stop(errOver)
	r := newRun(p.Callers, w)
	var callers sync.WaitGroup
	for n := range p.Callers {
		callers.Go(func() {
			if err := r.loop(working, n); err != nil {
				stop(fmt.Errorf("caller %d: %w", n, err)) // one that was stopped comes too late to be the first
			}
		})
	}
	took := r.phases(working, p)
	stop(errOver)
	callers.Wait()
	if err := context.Cause(working); !errors.Is(err, errOver) {
		return Result{}, err
	}
	if result := r.result(took); result.Cycles > 0 {
		return result, nil
	}
	return Result{}, ErrNothing
}

// phases warms up and measures, unless ctx ends before, and returns how long was measured.
func (r *run) phases(ctx context.Context, p Plan) time.Duration {
	if p.Watch == nil {
		p.Watch = func(Progress) {}
	}
	r.phase(ctx, WarmingUp, p.WarmUp, p.Watch)
	p.Watch(Progress{Phase: Measuring, Of: p.Duration})
	began := time.Now()
	r.measuring.Store(true)
	r.phase(ctx, Measuring, p.Duration, p.Watch)
	r.measuring.Store(false)
	took := time.Since(began)
	p.Watch(Progress{Phase: Over, Elapsed: took})
	return took
}

// phase waits until it is over, and tells of it meanwhile.
func (r *run) phase(ctx context.Context, at Phase, length time.Duration, watch func(Progress)) {
	before, began := r.all.Load(), time.Now()
	over := time.NewTimer(length)
	defer over.Stop()
	tick := time.NewTicker(between)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-over.C:
			return
		case now := <-tick.C:
			watch(Progress{Phase: at, Elapsed: now.Sub(began), Of: length, Cycles: r.all.Load() - before})
		}
	}
}
