package countdownlatch_test

import (
	"slices"
	"testing"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/embedded"
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

// all is everything that the gateway says of latches.
func (g *gateway) all() []countdownlatch.State {
	g.w.t.Helper()
	all, _, err := g.List(g.w.t.Context(), "", 100)
	if err != nil {
		g.w.t.Fatal(err)
	}
	return all
}

// R1: what a gateway says that read the keys anew, and one after a restart, is what was said before; and who arrived
// before has arrived (C2).
func TestRestart_KeepsRoundsAndArrivals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var before []countdownlatch.State
	epoch(t, dir, func(w *world) {
		g := w.gateway()
		g.set("half", 2, "s")
		g.arrive("half", "c1")
		g.set("reached", 1, "s")
		g.arrive("reached", "c1")
		g.set("again", 1, "s1")
		g.arrive("again", "c1")
		g.set("again", 3, "s2")
		g.arrive("again", "c2")
		before = g.all()
		if now := w.gateway().all(); len(now) != 3 || !slices.Equal(now, before) {
			t.Errorf("a new gateway says %+v, the one before %+v", now, before)
		}
	})
	epoch(t, dir, func(w *world) {
		gs := w.gateways(2)
		if now := gs[0].all(); !slices.Equal(now, before) {
			t.Errorf("after the restart %+v, before %+v", now, before)
		}
		gs[0].arrive("again", "c1") // in the last round
		gs[1].arrive("again", "c2")
		if now := gs[1].all(); !slices.Equal(now, before) {
			t.Errorf("after the repeats %+v, before %+v", now, before)
		}
		wait := gs[1].begin("half", nil)
		round := gs[0].arrive("half", "c2").Round
		wait.completed(round)
		if next := gs[0].set("reached", 1, "s2"); next <= round {
			t.Errorf("round %d is after round %d", next, round)
		}
	})
}
