package fencedlock_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/store"
)

// sweeping has the gateway sweep behind the others.
func (g *gateway) sweeping() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.Sweep(ctx)
	}()
	g.w.t.Cleanup(func() { stop(); <-done })
}

// die ends a gateway as a crash does: its calls go on nowhere, and its marker goes.
func (g *gateway) die() {
	g.w.t.Helper()
	if err := g.presence.Leave(g.w.t.Context()); err != nil {
		g.w.t.Fatal(err)
	}
	g.store.Close()
}

// "Tickets of a gateway whose marker is gone are swept by any other after the grace, but only while waiting: a first
// ticket may have been answered and stays until its session ends or its caller cancels."
func TestSweep_TicketsOfADeadGateway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead, g := w.gateway(), w.gateway()
	g.sweeping()
	a, b, c, d := g.caller("a"), g.caller("b"), g.caller("c"), g.caller("d")
	dead.current()
	held := dead.begin(lockOf(a, "r1", patient())).held()
	var waits []*pending
	for _, x := range []struct {
		id string
		p  func() *pending
	}{
		{"r2", func() *pending { return dead.begin(lockOf(b, "r2", patient())) }},
		{"r3", func() *pending { return dead.begin(lockOf(c, "r3", patient())) }},
		{"r4", func() *pending { return g.begin(lockOf(d, "r4", patient())) }},
	} {
		waits = append(waits, x.p())
		w.inLine("orders", x.id)
	}
	time.Sleep(2 * grace) // the first look around, when the sweep began, is over
	start := time.Now()
	dead.die()
	g.current()
	time.Sleep(grace / 2) // the sweep has found the tickets, and waits
	waits[0].fails(store.ErrUnavailable)
	waits[1].fails(store.ErrUnavailable)
	retry := lockOf(b, "r2", patient())
	retry.Attempt = 1
	adopted := g.begin(retry)
	w.gone("orders", "r3")
	if took := time.Since(start); took < grace {
		t.Errorf("swept after %v, the grace is %v", took, grace)
	}
	time.Sleep(2 * grace)
	var order []string
	for _, s := range w.seats("orders") {
		order = append(order, s.requests...)
	}
	if !slices.Equal(order, []string{"r1", "r2", "r4"}) {
		t.Fatalf("in line: %v", order)
	}
	if s, err := g.Get(t.Context(), "orders"); err != nil || s.Fence != held.Fence {
		t.Fatalf("the holder is %+v, %v", s, err)
	}
	unlock(t, g, a, "u1", 0)
	adopted.held()
	unlock(t, g, b, "u2", 0)
	waits[2].held()
}

// All that waited go in one sweep, however they stand in line.
func TestSweep_LeavesNoneOfManyBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead, g := w.gateway(), w.gateway()
	g.sweeping()
	a := g.caller("a")
	dead.current()
	g.begin(lockOf(a, "r", patient())).held()
	for n := range 12 {
		owner, request := fencedlock.Caller{Session: a.Session, Owner: fmt.Sprint(n)}, fmt.Sprintf("r%d", n)
		from := dead
		if n%5 == 0 {
			from = g
		}
		from.begin(lockOf(owner, request, patient()))
		w.inLine("orders", request)
	}
	dead.die()
	w.eventually("only the living are in line", func() bool { return len(w.seats("orders")) == 4 })
}

// A gateway whose marker is back when the grace is over, after a long pause, was not dead.
func TestSweep_SparesAGatewayThatComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	paused, g := w.gateway(), w.gateway()
	g.sweeping()
	a, b := g.caller("a"), g.caller("b")
	paused.current()
	paused.begin(lockOf(a, "r1", patient())).held()
	p := paused.begin(lockOf(b, "r2", patient()))
	w.inLine("orders", "r2")
	time.Sleep(2 * grace) // the first look around, when the sweep began, is over
	marker := "gateway/" + paused.id
	w.remove(marker)
	g.current()
	time.Sleep(grace / 2) // the sweep has found the ticket, and waits
	w.put(marker, "{}")
	time.Sleep(2 * grace)
	if now := w.seats("orders"); len(now) != 2 {
		t.Fatalf("in line: %+v", now)
	}
	unlock(t, g, a, "u1", 0)
	p.held()
}
