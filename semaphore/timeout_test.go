package semaphore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cpgate/cpgate/semaphore"
)

// "timeout t: NOT_ACQUIRED after t (never early)".
func TestTimeout_IsNeverEarly(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 1}, func(t *testing.T, gs []*gateway, who caller) {
		b := who("b")
		gs[0].begin(acquireOf(who("a"), "r0", 1)).acquired()
		for n, d := range []time.Duration{0, 1, time.Millisecond, 20 * time.Millisecond, 300 * time.Millisecond} {
			r := acquireOf(b, fmt.Sprintf("r%d", n+1), 1)
			r.Timeout = &d
			start := time.Now()
			got, err := gs[0].Acquire(t.Context(), r)
			took := time.Since(start)
			if want := min(1, int(d)); err != nil || got.Acquired || got.Available != 0 || got.Position != want {
				t.Fatalf("%v: got %+v, %v", d, got, err)
			}
			if took < d || took > d+slack {
				t.Errorf("%v: refused after %v", d, took)
			}
		}
		if now := gs[0].w.inLine(); len(now) > 1 {
			t.Errorf("left in line: %v (X2)", now)
		}
	})
}

// "timeout unset: waits until": also when the timeout of others ahead and behind passes meanwhile.
func TestTimeout_WithoutOneItWaitsWhileOthersGiveUp(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 1}, func(t *testing.T, gs []*gateway, who caller) {
		a := who("a")
		gs[0].begin(acquireOf(a, "r1", 1)).acquired()
		briefly := func(id string) semaphore.AcquireRequest {
			r := acquireOf(a, id, 1)
			r.Timeout = within(30 * time.Millisecond)
			return r
		}
		ahead := gs[0].wait(briefly("r2"))
		waits := gs[0].wait(acquireOf(a, "r3", 1))
		behind := gs[0].wait(briefly("r4"))
		for _, p := range []*pending{ahead, behind} {
			if got, err := p.await(); err != nil || got.Acquired || got.Position == 0 {
				t.Errorf("%s got %+v, %v", p.r.RequestID, got, err)
			}
		}
		if waits.over() {
			t.Fatal("gave up without a timeout")
		}
		gs[0].release(a, "u1", 1)
		waits.acquired()
	})
}

// A timeout that passes in the moment of the hand-over ends in either answer, and both are true.
func TestTimeout_RacesTheHandOver(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
		a, b := who("a"), who("b")
		acquired := 0
		for n := range scaled(60) {
			id := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
			gs[0].begin(acquireOf(a, id("a"), 1)).acquired()
			r := acquireOf(b, id("b"), 1)
			r.Timeout = within(2 * time.Millisecond)
			p := gs[1].begin(r)
			time.Sleep(time.Duration(n%8) * 500 * time.Microsecond) // sweeps over the moment at which the wait ends
			gs[0].release(a, id("u"), 1)
			switch got, err := p.await(); {
			case err != nil:
				t.Fatal(err)
			case got.Acquired:
				acquired++
				gs[1].release(b, id("v"), 1)
			}
			gs[0].available(1)
			if all := gs[0].w.inLine(); len(all) != 0 {
				t.Fatalf("left in line: %v (X2)", all)
			}
		}
		t.Logf("%d acquired", acquired)
	})
}

// A timeout passes while the gateway sees the past: a retry has taken the wait up by now, and keeps it.
func TestTimeout_OnAViewOfThePastTakesNothingFromARetry(t *testing.T) {
	const timeout = 2 * time.Second // in which a busy machine gets the mirror held back
	eachKind(t, setup{permits: 1, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
		a, w := who("a"), gs[0].w
		gs[0].begin(acquireOf(a, "r1", 1)).acquired()
		r := acquireOf(who("b"), "r2", 1)
		r.Timeout = within(timeout)
		p := gs[1].wait(r)
		gs[1].current()
		gs[1].late.holdBack()
		before := gs[1].lossy.asked.Load()
		r.Timeout = nil
		retry := gs[0].wait(again(r))
		w.eventually("the timeout has passed", func() bool { return gs[1].lossy.asked.Load() > before })
		gs[1].late.letGo()
		p.fails(semaphore.ErrWaitCancelled)
		if retry.over() || w.seat(pool, "r2").mod == 0 {
			t.Errorf("the retry lost its place: %v", w.dump())
		}
		gs[0].release(a, "u1", 1)
		retry.acquired()
	})
}
