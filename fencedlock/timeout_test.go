package fencedlock_test

import (
	"testing"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
)

// slack is how late a refusal may be: 50 ms and a commit, and what a busy machine with the race detector adds.
const slack = 50*time.Millisecond + 2*time.Second

// "timeout t: NOT_ACQUIRED after t (never early)"; "a refusal tells the holder (session, owner, since, fence) and,
// when it waited, its last position".
func TestLock_TimeoutIsNeverEarlyAndTellsWhoHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	before := time.Now()
	a := fencedlock.Caller{Session: g.session("a", 60), Owner: "x"}
	held := g.begin(lockOf(a, "r1", patient())).held()
	for n, d := range []time.Duration{0, 1, time.Millisecond, 20 * time.Millisecond, 300 * time.Millisecond} {
		b := g.caller("b")
		start := time.Now()
		got, err := g.Lock(t.Context(), lockOf(b, "r"+string(rune('a'+n)), &d))
		took := time.Since(start)
		if err != nil || got.Outcome != fencedlock.NotAcquired || got.Fence != 0 || got.HoldCount != 0 {
			t.Fatalf("%v: got %+v, %v", d, got, err)
		}
		if took < d || took > d+slack {
			t.Errorf("%v: refused after %v", d, took)
		}
		h := got.Holder
		if h == nil || h.Caller != a || h.Fence != held.Fence || h.Position != 0 || h.Foreign ||
			h.Since.Before(before.Add(-time.Second)) || h.Since.After(time.Now().Add(time.Second)) {
			t.Errorf("%v: told of holder %+v", d, h)
		}
		if want := min(1, int(d)); got.Position != want {
			t.Errorf("%v: told position %d, want %d", d, got.Position, want)
		}
	}
	if all := w.seats("orders"); len(all) != 1 {
		t.Errorf("left in line: %+v (X2)", all)
	}
}

// "timeout unset: waits until held": also when the timeout of others behind and ahead passes meanwhile.
func TestLock_WithoutTimeoutWaitsWhileOthersGiveUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b, c, d := g.caller("a"), g.caller("b"), g.caller("c"), g.caller("d")
	g.begin(lockOf(a, "r1", patient())).held()
	ahead := g.begin(lockOf(b, "r2", within(30*time.Millisecond)))
	w.inLine("orders", "r2")
	waits := g.begin(lockOf(c, "r3", patient()))
	w.inLine("orders", "r3")
	behind := g.begin(lockOf(d, "r4", within(30*time.Millisecond)))
	for p, positions := range map[*pending][]int{ahead: {1}, behind: {2, 3}} {
		got, err := p.await()
		if err != nil || got.Outcome != fencedlock.NotAcquired {
			t.Fatalf("got %+v, %v", got, err)
		}
		if got.Position != positions[0] && got.Position != positions[len(positions)-1] {
			t.Errorf("told position %d, want %v", got.Position, positions)
		}
	}
	if waits.over() {
		t.Fatal("gave up without a timeout")
	}
	unlock(t, g, a, "u1", 0)
	waits.held()
}

// A timeout that passes in the moment of the hand-over ends in either answer, and both are true.
func TestLock_TimeoutRacesTheHandOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := []*gateway{w.gateway(), w.gateway()}
	a, b := gs[0].caller("a"), gs[0].caller("b")
	gs[1].current()
	acquired := 0
	for n := range scaled(150) {
		request := "r" + time.Duration(n).String()
		gs[0].begin(lockOf(a, request, patient())).held()
		d := 2 * time.Millisecond
		p := gs[1].begin(lockOf(b, request, &d))
		time.Sleep(time.Duration(n%8) * 500 * time.Microsecond) // sweeps over the moment at which the wait ends
		unlock(t, gs[0], a, request, 0)
		got, err := p.await()
		switch {
		case err != nil:
			t.Fatal(err)
		case got.Outcome == fencedlock.Acquired:
			acquired++
			unlock(t, gs[1], b, request, 0)
		}
		if all := w.seats("orders"); len(all) != 0 {
			t.Fatalf("left in line: %+v (X2)", all)
		}
	}
	t.Logf("%d acquired", acquired)
}

// A timeout passes while the gateway sees the past: by now the ticket holds, or is another attempt's. A ticket ahead,
// and that nobody touched it, are conditions of giving it up.
func TestLock_TimeoutOnAViewOfThePastTakesNothingAway(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second // in which a busy machine gets the mirror held back
	for says, c := range map[string]struct {
		meanwhile func(t *testing.T, g *gateway, a, b fencedlock.Caller) *pending
		check     func(p, meanwhile *pending)
	}{
		"it holds by now": {
			func(t *testing.T, g *gateway, a, _ fencedlock.Caller) *pending {
				unlock(t, g, a, "u1", 0)
				return nil
			},
			func(p, _ *pending) { p.held() },
		},
		"a retry has taken it up": {
			func(_ *testing.T, g *gateway, _, b fencedlock.Caller) *pending {
				r, was := lockOf(b, "r2", patient()), g.w.seats("orders")[1].mod
				r.Attempt = 1
				retry := g.begin(r)
				g.w.eventually("the ticket is taken up", func() bool { return g.w.seats("orders")[1].mod > was })
				return retry
			},
			func(p, retry *pending) {
				p.fails(fencedlock.ErrWaitCancelled)
				if len(p.w.seats("orders")) != 2 || retry.over() {
					p.t.Errorf("the retry lost its place: %v", p.w.dump())
				}
			},
		},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gs := []*gateway{w.gateway(), w.gateway()}
			a, b := gs[0].caller("a"), gs[0].caller("b")
			gs[1].current()
			gs[0].begin(lockOf(a, "r1", patient())).held()
			p := gs[1].begin(lockOf(b, "r2", within(timeout)))
			w.inLine("orders", "r2")
			gs[1].current()
			gs[1].late.holdBack()
			before := gs[1].lossy.asked.Load()
			meanwhile := c.meanwhile(t, gs[0], a, b)
			w.eventually("the timeout has passed", func() bool { return gs[1].lossy.asked.Load() > before })
			gs[1].late.letGo()
			c.check(p, meanwhile)
		})
	}
}
