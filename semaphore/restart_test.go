package semaphore_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
)

// epoch is one life of a member on a folder that outlives it.
func epoch(t *testing.T, dir string, live func(*world)) {
	t.Helper()
	m, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	t.Run("life", func(t *testing.T) { live(worldOn(t, m, "cp/")) })
}

const taps keys.Name = "taps" // without sessions

// R1: who holds, who waits in which order, and how many are available is after a restart what it was before: also
// where more is held than there is to be. S4 holds across it.
func TestRestart_KeepsHoldersOrderAndAvailability(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := map[keys.Name]semaphore.State{}
	var callers []semaphore.Caller
	epoch(t, dir, func(w *world) {
		g := w.gateway()
		for n := range 5 {
			callers = append(callers, g.caller(fmt.Sprint(n)))
		}
		waits := fill(g, callers)
		for _, n := range []keys.Name{pool, taps} {
			var err error
			if before[n], err = g.Get(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		g.store.Close()
		for _, p := range waits {
			p.fails(store.ErrUnavailable)
		}
	})
	epoch(t, dir, func(w *world) {
		w.next.Store(10)
		gs := w.gateways(2)
		for n, was := range before {
			if now, err := gs[0].Get(t.Context(), n); err != nil || !reflect.DeepEqual(now, was) {
				t.Fatalf("after the restart %+v, %v\nbefore %+v", now, err, was)
			}
		}
		goOn(t, gs, callers)
	})
}

// fill leaves 3 of 1 permit of the pool held, and waiters on both semaphores.
func fill(g *gateway, callers []semaphore.Caller) (waits []*pending) {
	t, ctx := g.w.t, g.w.t.Context()
	g.init(4, false)
	g.begin(acquireOf(callers[0], "r0", 3)).acquired()
	g.begin(acquireOf(callers[1], "r1", 1)).acquired()
	g.release(callers[0], "u0", 1)
	waits = append(waits, g.wait(acquireOf(callers[2], "r2", 2)), g.wait(acquireOf(callers[3], "r3", 1)))
	if err := g.Change(ctx, semaphore.ChangeRequest{Name: pool, By: -3, RequestID: "c0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Init(ctx, semaphore.InitRequest{Name: taps, Permits: 5, Sessionless: true, RequestID: "i"}); err != nil {
		t.Fatal(err)
	}
	g.begin(semaphore.AcquireRequest{Name: taps, Permits: 4, RequestID: "t0"}).acquired()
	return append(waits, g.wait(semaphore.AcquireRequest{Name: taps, Permits: 2, RequestID: "t1"}))
}

func goOn(t *testing.T, gs []*gateway, callers []semaphore.Caller) {
	var waits []*pending
	for n, r := range []semaphore.AcquireRequest{
		acquireOf(callers[2], "r2", 2), acquireOf(callers[3], "r3", 1), {Name: taps, Permits: 2, RequestID: "t1"},
	} {
		waits = append(waits, gs[n%2].wait(again(r)))
	}
	repeat := semaphore.ChangeRequest{Name: pool, By: -3, RequestID: "c0", Attempt: 1}
	if err := gs[1].Change(t.Context(), repeat); err != nil {
		t.Fatal(err)
	}
	gs[0].release(callers[0], "u0", 1)
	gs[1].available(-2)
	if a, err := gs[1].Acquire(t.Context(), semaphore.AcquireRequest{Name: taps, Permits: 4, RequestID: "t0", Attempt: 1}); err != nil || !a.Acquired {
		t.Fatalf("a repeat got %+v, %v", a, err)
	}
	release := semaphore.ReleaseRequest{Name: taps, Permits: 1, RequestID: "v"}
	for range 2 { // counts once
		if a, err := gs[0].Release(t.Context(), release); err != nil || a.Released != 1 {
			t.Fatalf("releasing got %+v, %v", a, err)
		}
	}
	waits[2].acquired()
	if s, err := gs[1].Get(t.Context(), taps); err != nil || s.Available != 0 {
		t.Fatalf("got %+v, %v", s, err)
	}
	if err := gs[0].Change(t.Context(), semaphore.ChangeRequest{Name: pool, By: 3, RequestID: "c1"}); err != nil {
		t.Fatal(err)
	}
	gs[0].release(callers[1], "u1", 1)
	waits[0].acquired()
	gs[1].release(callers[2], "u2", 2)
	waits[1].acquired()
	gs[0].available(1)
}
