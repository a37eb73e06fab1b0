package bench_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/bench"
)

// two is work of two steps that take no time.
func two(cycle func(ctx context.Context, caller int) error) bench.Work {
	return bench.Work{
		Steps: []string{"take", "give_back"},
		Cycle: func(ctx context.Context, caller int, lap *bench.Lap) error {
			lap.Done()
			if err := cycle(ctx, caller); err != nil {
				return err
			}
			lap.Done()
			return nil
		},
	}
}

func TestRun_CountsWhatIsDoneWhileMeasuring(t *testing.T) {
	var all, warm atomic.Int64
	var phases []bench.Phase
	plan := bench.Plan{
		Callers: 4, WarmUp: 50 * time.Millisecond, Duration: 50 * time.Millisecond,
		Watch: func(p bench.Progress) {
			if p.Phase == bench.Measuring && p.Elapsed == 0 {
				warm.Store(all.Load())
			}
			phases = append(phases, p.Phase)
		},
	}
	r, err := bench.Run(t.Context(), plan, two(func(context.Context, int) error {
		all.Add(1)
		time.Sleep(time.Microsecond)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if warm.Load() == 0 || r.Cycles == 0 || r.Cycles > all.Load()-warm.Load() {
		t.Errorf("%d cycles of %d, %d of them before", r.Cycles, all.Load(), warm.Load())
	}
	if !slices.IsSorted(phases) || phases[len(phases)-1] != bench.Over {
		t.Errorf("the phases were %v", phases)
	}
	if r.FewestCycles > r.MostCycles || r.MostCycles > r.Cycles || r.Cycles > 4*r.MostCycles || r.Cycles < 4*r.FewestCycles {
		t.Errorf("callers %d to %d of %d", r.FewestCycles, r.MostCycles, r.Cycles)
	}
	for _, s := range r.Steps { // a caller may be in the midst of a cycle at both ends
		if s.Count < r.Cycles-4 || s.Count > r.Cycles+4 || s.P50 > s.P90 || s.P90 > s.P99 || s.P99 > s.Max {
			t.Errorf("%d cycles, but %+v", r.Cycles, s)
		}
	}
	if r.ChangesOfHolder != nil {
		t.Errorf("%d changes of a holder that there is not", *r.ChangesOfHolder)
	}
}

func TestRun_TimesEachStepFromWhereItBegan(t *testing.T) {
	const long = 20 * time.Millisecond
	r, err := bench.Run(t.Context(), bench.Plan{Callers: 1, Duration: 5 * long}, bench.Work{
		Steps: []string{"rest", "none", "since"},
		Cycle: func(_ context.Context, _ int, lap *bench.Lap) error {
			time.Sleep(long)
			lap.Done()
			lap.Done()
			lap.Start(time.Now().Add(-time.Hour))
			lap.Done()
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	least := []float64{long.Seconds(), 0, time.Hour.Seconds()}
	for i, s := range r.Steps {
		if s.P50 < least[i] || s.Count == 0 {
			t.Errorf("%+v, want %v s or more", s, least[i])
		}
	}
	if r.Steps[1].P50 >= long.Seconds() {
		t.Errorf("the step of nothing took %+v", r.Steps[1])
	}
}

// A caller that takes what it has just given back is no change.
func TestRun_CountsChangesOfTheHolder(t *testing.T) {
	for _, greedy := range []bool{false, true} {
		w := alternating(2)
		if greedy {
			w = alternating(1)
		}
		r, err := bench.Run(t.Context(), bench.Plan{
			Callers: 2, WarmUp: 50 * time.Millisecond, Duration: 50 * time.Millisecond,
		}, w)
		if err != nil {
			t.Fatal(err)
		}
		changes := *r.ChangesOfHolder
		if greedy && changes > 1 || !greedy && (changes < r.Cycles-2 || changes > r.Cycles+2 || changes == 0) {
			t.Errorf("greedy %v: %d changes in %d cycles", greedy, changes, r.Cycles)
		}
	}
}

// alternating is work in which the first so many of two callers take turns, and the other waits.
func alternating(takers int) bench.Work {
	var mu sync.Mutex
	turn := 0
	w := bench.Work{Steps: []string{"lock"}, OneHolds: true}
	w.Cycle = func(ctx context.Context, caller int, lap *bench.Lap) error {
		for ctx.Err() == nil {
			mu.Lock()
			if turn == caller {
				lap.Done()
				turn = (turn + 1) % takers
				mu.Unlock()
				return nil
			}
			mu.Unlock()
			time.Sleep(time.Microsecond)
		}
		return ctx.Err()
	}
	return w
}

func TestRun_EndsWithTheFirstThatFails(t *testing.T) {
	broken := errors.New("broken")
	_, err := bench.Run(t.Context(), bench.Plan{Callers: 3, Duration: time.Hour}, two(func(ctx context.Context, caller int) error {
		if caller == 1 {
			return broken
		}
		<-ctx.Done()
		return errors.New("stopped")
	}))
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "caller 1: ") {
		t.Errorf("ended with %v", err)
	}
}

func TestRun_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := bench.Run(ctx, bench.Plan{Callers: 3, WarmUp: time.Hour}, two(func(ctx context.Context, _ int) error {
		cancel()
		<-ctx.Done()
		return errors.New("stopped")
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestRun_SaysThatNothingWasDone(t *testing.T) {
	_, err := bench.Run(t.Context(), bench.Plan{Callers: 3, Duration: time.Millisecond}, two(func(ctx context.Context, _ int) error {
		<-ctx.Done()
		return nil
	}))
	if !errors.Is(err, bench.ErrNothing) {
		t.Errorf("ended with %v", err)
	}
}
