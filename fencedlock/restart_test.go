package fencedlock_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/store"
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

// R1: holds, queue order and fences are after a restart what they were before. L2 and S4 hold across it: fences rise
// on, and a repeat is still a repeat.
func TestRestart_KeepsHoldsOrderAndFences(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var before fencedlock.State
	var callers []fencedlock.Caller
	epoch(t, dir, func(w *world) {
		g := w.gateway()
		for n := range 4 {
			callers = append(callers, g.caller(fmt.Sprint(n)))
		}
		g.begin(lockOf(callers[0], "r0", patient())).held()
		g.begin(lockOf(callers[0], "again", patient())).held()
		unlock(t, g, callers[0], "u", 1)
		g.begin(lockOf(callers[0], "once more", patient())).held()
		g.begin(request("forced", callers[0], "r")).held()
		if _, err := g.ForceUnlock(t.Context(), "forced", 0); err != nil {
			t.Fatal(err)
		}
		var waits []*pending
		for n, c := range callers[1:] {
			waits = append(waits, g.begin(lockOf(c, fmt.Sprintf("r%d", n+1), patient())))
			w.inLine("orders", fmt.Sprintf("r%d", n+1))
		}
		var err error
		if before, err = g.Get(t.Context(), "orders"); err != nil {
			t.Fatal(err)
		}
		g.store.Close()
		for _, p := range waits {
			p.fails(store.ErrUnavailable)
		}
	})
	epoch(t, dir, func(w *world) { goOn(w, before, callers) })
}

func goOn(w *world, before fencedlock.State, callers []fencedlock.Caller) {
	t := w.t
	w.next = 10
	gs := []*gateway{w.gateway(), w.gateway()}
	after, err := gs[0].Get(t.Context(), "orders")
	if err != nil || !reflect.DeepEqual(after, before) {
		t.Fatalf("after the restart %+v, %v\nbefore %+v", after, err, before)
	}
	var waits []*pending
	for n, c := range callers[1:] {
		r := lockOf(c, fmt.Sprintf("r%d", n+1), patient())
		r.Attempt = 1
		was := w.seats("orders")[n+1].mod
		waits = append(waits, gs[n%2].begin(r))
		w.eventually("its ticket is taken up", func() bool { return w.seats("orders")[n+1].mod > was })
	}
	unlock(t, gs[1], callers[0], "u", 1)
	unlock(t, gs[0], callers[0], "u2", 1)
	unlock(t, gs[1], callers[0], "u3", 0)
	for n, p := range waits {
		if got := p.held(); got.Fence != before.Waiters[n].Fence {
			t.Errorf("waiter %d holds under %d, stood at %d", n, got.Fence, before.Waiters[n].Fence)
		}
		unlock(t, gs[n%2], callers[n+1], "u", 0)
	}
	forced := fencedlock.UnlockRequest{Name: "forced", Caller: callers[0], RequestID: "u4"}
	if _, err := gs[0].Unlock(t.Context(), forced); err == nil {
		t.Error("nobody remembers the forced unlock")
	}
	if now := gs[0].begin(lockOf(callers[0], "new", patient())).held(); now.Fence <= before.Waiters[2].Fence {
		t.Errorf("fence %d after %d (L2)", now.Fence, before.Waiters[2].Fence)
	}
}
