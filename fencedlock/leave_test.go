package fencedlock_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
)

// "A call cancelled or disconnected while it waits keeps its place for retry_grace, in which a retry with the same
// request id, through any gateway, takes it up" (L4).
func TestLeave_RetryWithinTheGraceKeepsThePlace(t *testing.T) {
	t.Parallel()
	for says, through := range map[string]int{"the same gateway": 0, "another gateway": 1} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gs := []*gateway{w.gateway(), w.gateway()}
			a, b, c := gs[0].caller("a"), gs[0].caller("b"), gs[0].caller("c")
			gs[1].current()
			gs[0].begin(lockOf(a, "r1", patient())).held()
			left := gs[0].begin(lockOf(b, "r2", patient()))
			w.inLine("orders", "r2")
			last := gs[1].begin(lockOf(c, "r3", patient()))
			w.inLine("orders", "r3")
			place := w.seats("orders")[1]

			left.leave()
			left.fails(context.Canceled)
			retry := lockOf(b, "r2", patient())
			retry.Attempt = 1
			p := gs[through].begin(retry)
			w.eventually("the ticket is taken up", func() bool { return w.seats("orders")[1].mod > place.mod })
			time.Sleep(2 * grace) // the grace of the attempt that left passes
			if now := w.seats("orders"); len(now) != 3 || now[1].fence != place.fence {
				t.Fatalf("the line is %+v, the place was %+v", now, place)
			}
			unlock(t, gs[0], a, "u1", 0)
			if got := p.held(); int64(got.Fence) != place.fence {
				t.Errorf("held under %d, had the place %d", got.Fence, place.fence)
			}
			unlock(t, gs[1], b, "u2", 0)
			last.held()
		})
	}
}

// "then it leaves no ticket behind", and not before (X2).
func TestLeave_WhoNeverComesBackLeavesNoTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b := g.caller("a"), g.caller("b")
	g.begin(lockOf(a, "r1", patient())).held()
	p := g.begin(lockOf(b, "r2", patient()))
	w.inLine("orders", "r2")
	start := time.Now()
	p.leave()
	p.fails(context.Canceled)
	w.gone("orders", "r2")
	if took := time.Since(start); took < grace || took > grace+slack {
		t.Errorf("the ticket went after %v, the grace is %v", took, grace)
	}
	unlock(t, g, a, "u1", 0)
	if left := w.left("gateway/", "session/"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A ticket whose caller has left may come to hold in the grace: a retry gets the lock, else the next in line does.
func TestLeave_HandOverToOneWhoLeft(t *testing.T) {
	t.Parallel()
	for says, back := range map[string]bool{"who comes back": true, "who does not": false} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gs := []*gateway{w.gateway(), w.gateway()}
			a, b, c := gs[0].caller("a"), gs[0].caller("b"), gs[0].caller("c")
			gs[1].current()
			gs[0].begin(lockOf(a, "r1", patient())).held()
			left := gs[0].begin(lockOf(b, "r2", patient()))
			w.inLine("orders", "r2")
			last := gs[0].begin(lockOf(c, "r3", patient()))
			w.inLine("orders", "r3")
			left.leave()
			left.fails(context.Canceled)
			unlock(t, gs[0], a, "u1", 0)
			if back {
				retry := lockOf(b, "r2", within(0))
				retry.Attempt = 1
				gs[1].begin(retry).held()
				time.Sleep(2 * grace)
				unlock(t, gs[0], b, "u2", 0)
			}
			last.held()
		})
	}
}

// A cancel ends at once what a caller left behind.
func TestLeave_CancelNeedsNoGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b := g.caller("a"), g.caller("b")
	g.begin(lockOf(a, "r1", patient())).held()
	p := g.begin(lockOf(b, "r2", patient()))
	w.inLine("orders", "r2")
	p.leave()
	p.fails(context.Canceled)
	if did, err := g.Cancel(t.Context(), fencedlock.CancelRequest{Name: "orders", Caller: b, RequestID: "r2"}); err != nil || !did {
		t.Fatal(did, err)
	}
	if now := w.seats("orders"); len(now) != 1 {
		t.Errorf("in line: %+v", now)
	}
}

// "One whose answer could not be delivered likewise": callers leave at any moment around the hand-over, and never
// come back. Whoever was told that it holds does; the others leave nothing (X2).
func TestLeave_AtAnyMomentAroundTheHandOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grace = 10 * time.Millisecond
	gs := []*gateway{w.gateway(), w.gateway()}
	a, b, c := gs[0].caller("a"), gs[0].caller("b"), gs[0].caller("c")
	gs[1].current()
	told := 0
	for n := range scaled(60) {
		r := fmt.Sprintf("r%d", n)
		gs[0].begin(lockOf(a, r, patient())).held()
		p := gs[n%2].begin(lockOf(b, r, patient()))
		if n%3 > 0 {
			w.inLine("orders", r)
		}
		go func() {
			time.Sleep(time.Duration(n%40) * 50 * time.Microsecond)
			p.leave()
		}()
		unlock(t, gs[0], a, r, 0)
		_, err := p.await()
		switch {
		case err == nil:
			told++
			time.Sleep(2 * w.grace) // what it holds stays
			unlock(t, gs[1], b, r, 0)
		case !errors.Is(err, context.Canceled):
			t.Fatal(err)
		}
		gs[1].begin(lockOf(c, r, patient())).held()
		unlock(t, gs[1], c, r, 0)
		w.eventually("the line is empty", func() bool { return len(w.seats("orders")) == 0 })
	}
	t.Logf("%d were told in time", told)
}

// The same for holds on top of one that stays.
func TestLeave_AtAnyMomentOfAReentrantLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grace = 10 * time.Millisecond
	gs := []*gateway{w.gateway(), w.gateway()}
	a := gs[0].caller("a")
	gs[1].current()
	want := gs[0].begin(lockOf(a, "r", patient())).held().HoldCount
	for n := range scaled(60) {
		p := gs[n%2].begin(lockOf(a, fmt.Sprintf("r%d", n), patient()))
		time.Sleep(time.Duration(n%9) * 30 * time.Microsecond)
		p.leave()
		if _, err := p.await(); err == nil {
			want++
		} else if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	w.eventually("only what was told is held", func() bool { return len(w.seats("orders")[0].requests) == want })
	for ; want > 0; want-- {
		unlock(t, gs[want%2], a, fmt.Sprintf("u%d", want), want-1)
	}
	if left := w.left("gateway/", "session/"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A hold that was given back because its caller had left is not told to a retry as if it were still held.
func TestLeave_RetryAfterTheGraceHoldsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a := g.caller("a")
	g.begin(lockOf(a, "r1", patient())).held()
	g.current()
	ctx, leave := context.WithCancel(t.Context())
	g.lossy.lose(func() fate {
		leave() // while the transaction is under way
		return answered
	})
	if _, err := g.Lock(ctx, lockOf(a, "r2", patient())); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if now := w.seats("orders"); !now[0].has("r2") {
		t.Fatalf("in line: %+v", now)
	}
	w.gone("orders", "r2")
	retry := lockOf(a, "r2", patient())
	retry.Attempt = 1
	if got := g.begin(retry).held(); got.HoldCount != 2 {
		t.Errorf("held %+v", got)
	}
	unlock(t, g, a, "u1", 1)
	unlock(t, g, a, "u2", 0)
}

// Two attempts of one request wait through two gateways. The later one took the ticket up, so only its call may tell
// that it holds, and take it back when nobody hears: the earlier one must not tell of a hold that is not its own.
func TestLeave_EarlierAttemptNeverTellsOfTheHoldOfALaterOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := []*gateway{w.gateway(), w.gateway()}
	a, b := gs[0].caller("a"), gs[0].caller("b")
	gs[0].begin(lockOf(a, "r1", patient())).held()
	earlier := gs[0].begin(lockOf(b, "r2", patient()))
	w.inLine("orders", "r2")
	gs[0].late.holdBack()
	gs[1].current()
	was := w.seats("orders")[1].mod
	retry := lockOf(b, "r2", patient())
	retry.Attempt = 1
	later := gs[1].begin(retry)
	w.eventually("the ticket is taken up", func() bool { return w.seats("orders")[1].mod > was })
	gs[1].current()
	gs[1].late.holdBack()
	unlock(t, w.gateway(), a, "u1", 0)
	later.leave()
	later.fails(context.Canceled)
	gs[0].late.letGo()
	earlier.fails(fencedlock.ErrWaitCancelled)
	gs[1].late.letGo()
	w.gone("orders", "r2")
}

// "A call that finds the ticket already admitted when it adopts it answers acquired and never deletes it": the earlier
// attempt has told its caller that it holds.
func TestLeave_RepeatThatNobodyHearsTakesNoHoldBack(t *testing.T) {
	t.Parallel()
	for says, late := range map[string]bool{"seen as held": false, "seen as still waiting": true} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grace = 10 * time.Millisecond
			gs := []*gateway{w.gateway(), w.gateway()}
			a, b := gs[0].caller("a"), gs[0].caller("b")
			gs[0].begin(lockOf(a, "r1", patient())).held()
			p := gs[0].begin(lockOf(b, "r2", patient()))
			w.inLine("orders", "r2")
			gs[1].current()
			if late {
				gs[1].late.holdBack()
			}
			unlock(t, gs[0], a, "u1", 0)
			told := p.held()
			if !late {
				gs[1].current()
			}

			ctx, leave := context.WithCancel(t.Context())
			gs[1].lossy.lose(func() fate {
				leave() // while its transaction is under way
				gs[1].late.letGo()
				return answered
			})
			repeat := lockOf(b, "r2", patient())
			repeat.Attempt = 1
			if _, err := gs[1].Lock(ctx, repeat); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			time.Sleep(5 * w.grace)
			if now := w.seats("orders"); len(now) != 1 || now[0].fence != int64(told.Fence) {
				t.Fatalf("in line: %+v", now)
			}
			unlock(t, gs[0], b, "u2", 0)
		})
	}
}
