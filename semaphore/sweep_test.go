package semaphore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
)

// "When a whole gateway is gone, the others remove what its calls left waiting; a ticket that holds stays, because it
// may have been answered." After the grace, in which a retry takes it up.
func TestSweep_WhatADeadGatewayLeftWaiting(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
		dead, g, w := gs[0], gs[1], gs[0].w
		g.sweeping()
		a, b, c, d := who("a"), who("b"), who("c"), who("d")
		dead.begin(acquireOf(a, "r1", 1)).acquired()
		lost := []*pending{dead.wait(acquireOf(b, "r2", 1)), dead.wait(acquireOf(c, "r3", 1))}
		last := g.wait(acquireOf(d, "r4", 1))
		time.Sleep(2 * grace) // the first look around, when the sweep began, is over
		start := time.Now()
		dead.die()
		g.current()
		time.Sleep(grace / 2) // the sweep has found the tickets, and waits
		for _, p := range lost {
			p.fails(store.ErrUnavailable)
		}
		adopted := g.wait(again(lost[0].r))
		w.gone("r3")
		if took := time.Since(start); took < grace {
			t.Errorf("swept after %v, the grace is %v", took, grace)
		}
		time.Sleep(2 * grace)
		g.available(0)
		want := []string{"r2", "r4"}
		if a != nobody {
			want = []string{"r1", "r2", "r4"}
		}
		if now := w.inLine(); !slices.Equal(now, want) {
			t.Fatalf("in line: %v", now)
		}
		g.release(a, "u1", 1)
		adopted.acquired()
		g.release(b, "u2", 1)
		last.acquired()
	})
}

// Two steps: first the ticket is taken from its call, and goes only if it still waits behind that. Between the two it may
// be admitted, and then stays: a retry is told so.
func TestSweep_SparesWhatIsAdmittedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	dead, g := gs[0], gs[1]
	g.init(2, false)
	a, b := g.caller("a"), g.caller("b")
	dead.current()
	g.begin(acquireOf(a, "r1", 1)).acquired()
	lost := dead.wait(acquireOf(b, "r2", 2))
	dead.die()
	lost.fails(store.ErrUnavailable)
	first := g.abandoned(1)
	g.commit(first...)
	second := g.abandoned(1)
	g.release(a, "u1", 1)
	g.abandoned(0)
	if behind := g.begin(acquireOf(a, "r3", 1)); behind.over() {
		t.Error("it was not admitted")
	}
	g.commit(first...) // late twins do nothing
	retry := g.begin(again(lost.r))
	retry.acquired()
	g.commit(second...)
	g.available(0)
	if now := w.seat(pool, "r2"); now.permits != 2 {
		t.Errorf("the ticket is %+v", now)
	}
}

// A ticket that still waits when it was taken from its call goes; its call, should its gateway live after all, is told to
// ask again.
func TestSweep_TellsACallWhoseGatewayWasThoughtDead(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2}, func(_ *testing.T, gs []*gateway, who caller) {
		paused, g, w := gs[0], gs[1], gs[0].w
		a, b := who("a"), who("b")
		g.begin(acquireOf(a, "r1", 1)).acquired()
		p := paused.wait(acquireOf(b, "r2", 1))
		paused.late.holdBack()
		marker := "gateway/" + paused.id
		w.remove(marker)
		for w.seat(pool, "r2") != (seat{}) {
			g.commit(g.abandoned(1)...)
		}
		paused.late.letGo()
		p.fails(store.ErrUnavailable)
		retry := g.wait(again(p.r))
		g.release(a, "u1", 1)
		retry.acquired()
	})
}

// A gateway whose marker is back when the grace is over, after a long pause, was not dead.
func TestSweep_SparesAGatewayThatComesBack(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2}, func(_ *testing.T, gs []*gateway, who caller) {
		paused, g, w := gs[0], gs[1], gs[0].w
		a, b := who("a"), who("b")
		g.begin(acquireOf(a, "r1", 1)).acquired()
		p := paused.wait(acquireOf(b, "r2", 1))
		paused.late.holdBack()
		w.remove("gateway/" + paused.id)
		found := g.abandoned(1)
		paused.late.letGo()
		w.eventually("the marker is back", func() bool { return len(w.keys(w.prefix+"gateway/"+paused.id)) == 1 })
		g.commit(found...)
		g.abandoned(0)
		g.release(a, "u1", 1)
		p.acquired()
	})
}

// abandoned returns what the gateway finds abandoned, which must be so much.
func (g *gateway) abandoned(n int) (found []kv.Txn) {
	g.w.t.Helper()
	g.current()
	g.store.Look(func(v mirror.View) { found = semaphore.Abandoned(v) })
	if len(found) != n {
		g.w.t.Fatalf("found %d abandoned, want %d: %+v", len(found), n, found)
	}
	return found
}

func (g *gateway) commit(all ...kv.Txn) {
	g.w.t.Helper()
	for _, t := range all {
		if _, err := g.store.Commit(t); err != nil {
			g.w.t.Fatal(err)
		}
	}
	g.current()
}
