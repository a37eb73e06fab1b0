package bench

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate/client"
)

// NewLatches is work with latches. With one for each caller it is to set the latch to 1, to count it down while so many
// wait for it, and to see all of these answered. With a single one callers only count down, and set it again at zero.
// Destroy clears up behind it, and is to be called before the clients are closed.
func NewLatches(ctx context.Context, clients Clients, names Names, callers, waiters int) (w Work, destroy func(context.Context) error, err error) {
	if _, err := clients[0].Latch(names.of(0)).Destroy(ctx); err != nil { // who may not is told before there is anything
		return w, nothing, err
	}
	latches := make([]*client.Latch, callers)
	for n := range latches {
		latches[n] = clients.of(n).Latch(names.of(n))
	}
	destroy = func(ctx context.Context) error {
		return each(ctx, names.all(callers), func(ctx context.Context, name string) error {
			_, err := clients[0].Latch(name).Destroy(ctx)
			return err
		})
	}
	if names.Hot {
		return arrivals(latches), destroy, nil
	}
	return rounds(latches, waiters), destroy, nil
}

// round is how many arrivals there are in a round of a single latch.
const round = 10_000

// arrivals is work with a single latch. Only who sets it anew sets it; meanwhile others may arrive at zero, which counts
// down nothing: of a round's arrivals so few that the figures don't show it.
func arrivals(latches []*client.Latch) Work {
	var arrived atomic.Int64
	var unset atomic.Bool
	unset.Store(true)
	return Work{
		Steps: []string{"count_down"},
		Cycle: func(ctx context.Context, caller int, lap *Lap) error {
			if unset.CompareAndSwap(true, false) {
				set, err := begin(ctx, latches[caller], round)
				if err != nil {
					return err
				}
				unset.Store(!set) // some of those that arrived came at zero: others have to come first
				lap.Start(time.Now())
			}
			if err := latches[caller].CountDown(ctx); err != nil {
				return err
			}
			lap.Done()
			if arrived.Add(1)%round == 0 {
				unset.Store(true)
			}
			return nil
		},
	}
}

// rounds is work with a latch for each caller.
func rounds(latches []*client.Latch, waiters int) Work {
	w := Work{
		Steps: []string{"set", "count_down"},
		Cycle: func(ctx context.Context, caller int, lap *Lap) error {
			if _, err := begin(ctx, latches[caller], 1); err != nil {
				return err
			}
			lap.Done()
			var waiting errgroup.Group
			for range waiters {
				waiting.Go(func() error { return latches[caller].Await(ctx) })
			}
			if err := latches[caller].CountDown(ctx); err != nil {
				return err
			}
			lap.Done()
			if waiters == 0 {
				return nil
			}
			if err := waiting.Wait(); err != nil {
				return err
			}
			lap.Done()
			return nil
		},
	}
	if waiters > 0 {
		w.Steps = append(w.Steps, "await")
	}
	return w
}

func begin(ctx context.Context, l *client.Latch, count int) (set bool, err error) {
	err = uncut(ctx, func(ctx context.Context) error {
		_, set, err = l.TrySetCount(ctx, count)
		return err
	})
	return set, err
}
