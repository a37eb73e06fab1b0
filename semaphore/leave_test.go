package semaphore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cpgate/cpgate/semaphore"
)

// "A call cancelled or disconnected while it waits keeps its place for 2 s (retry_grace), in which a retry with the same
// request id, through any gateway, takes it up" (S2).
func TestLeave_RetryWithinTheGraceKeepsThePlace(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
		w, b := gs[0].w, who("b")
		gs[0].begin(acquireOf(who("a"), "r1", 1)).acquired()
		left := gs[0].wait(acquireOf(b, "r2", 1))
		last := gs[1].wait(acquireOf(who("c"), "r3", 1))
		place := w.seat(pool, "r2")

		left.leave()
		left.fails(context.Canceled)
		retry := gs[1].wait(again(left.r))
		time.Sleep(2 * grace) // the grace of the attempt that left passes
		if now := w.seat(pool, "r2"); now.created != place.created {
			t.Fatalf("the ticket is %+v, was %+v", now, place)
		}
		gs[0].release(who("a"), "u1", 1)
		retry.acquired()
		if last.over() {
			t.Error("it was overtaken")
		}
		gs[1].release(b, "u2", 1)
		last.acquired()
	})
}

// "Then it leaves no ticket behind", and not before (X2).
func TestLeave_WhoNeverComesBackLeavesNoTicket(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 1}, func(t *testing.T, gs []*gateway, who caller) {
		w := gs[0].w
		p := gs[0].wait(acquireOf(who("a"), "r1", 2))
		behind := gs[0].wait(acquireOf(who("b"), "r2", 1))
		start := time.Now()
		p.leave()
		p.fails(context.Canceled)
		w.gone("r1")
		if took := time.Since(start); took < grace || took > grace+slack {
			t.Errorf("the ticket went after %v, the grace is %v", took, grace)
		}
		behind.acquired()
	})
}

// Permits may come in the grace of one who left: a retry gets them, else the next in line does.
func TestLeave_PermitsComeToOneWhoLeft(t *testing.T) {
	t.Parallel()
	for says, back := range map[string]bool{"who comes back": true, "who does not": false} {
		t.Run(says, func(t *testing.T) {
			eachKind(t, setup{permits: 1, gateways: 2}, func(_ *testing.T, gs []*gateway, who caller) {
				b := who("b")
				gs[0].begin(acquireOf(who("a"), "r1", 1)).acquired()
				left := gs[0].wait(acquireOf(b, "r2", 1))
				last := gs[0].wait(acquireOf(who("c"), "r3", 1))
				left.leave()
				left.fails(context.Canceled)
				gs[0].release(who("a"), "u1", 1)
				if back {
					gs[1].begin(again(left.r)).acquired()
					time.Sleep(2 * grace)
					gs[0].release(b, "u2", 1)
				}
				last.acquired()
			})
		})
	}
}

// "One whose answer could not be delivered likewise": the caller leaves while the transaction that gives it permits is
// under way. They come back after the grace, unless a retry takes them up (X2).
func TestLeave_PermitsThatNobodyWasToldOf(t *testing.T) {
	t.Parallel()
	for says, back := range map[string]bool{"who comes back": true, "who does not": false} {
		t.Run(says, func(t *testing.T) {
			eachKind(t, setup{permits: 3, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
				a := who("a")
				ctx, leave := context.WithCancel(t.Context())
				gs[0].lossy.lose(func() fate {
					leave() // while the transaction is under way
					return answered
				})
				r := tryOf(a, "r1", 2)
				if _, err := gs[0].Acquire(ctx, r); !errors.Is(err, context.Canceled) {
					t.Fatalf("got %v", err)
				}
				gs[0].available(1)
				if back {
					gs[1].begin(again(r)).acquired()
					time.Sleep(2 * grace)
					gs[0].available(1)
					gs[0].release(a, "u1", 2)
				}
				gs[0].w.eventually("they are back", func() bool {
					s, err := gs[0].Get(t.Context(), pool)
					return err == nil && s.Available == 3
				})
			})
		})
	}
}

// The same for what was drained.
func TestLeave_DrainThatNobodyWasToldOf(t *testing.T) {
	eachKind(t, setup{permits: 3, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
		r := semaphore.DrainRequest{Name: pool, Caller: who("a"), RequestID: "d1"}
		for n, back := range []bool{true, false} {
			r.RequestID, r.Attempt = fmt.Sprintf("d%d", n), 0
			ctx, leave := context.WithCancel(t.Context())
			gs[0].lossy.lose(func() fate {
				leave()
				return answered
			})
			if _, err := gs[0].Drain(ctx, r); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			gs[0].available(0)
			if back {
				r.Attempt++
				if n, err := gs[1].Drain(t.Context(), r); err != nil || n != 3 {
					t.Fatalf("got %d, %v", n, err)
				}
				time.Sleep(2 * grace)
				gs[1].release(r.Caller, "u1", 3)
			}
			gs[0].w.eventually("they are back", func() bool {
				s, err := gs[0].Get(t.Context(), pool)
				return err == nil && s.Available == 3
			})
		}
	})
}

// What came back because its caller had left is not told to a retry as if it were still held.
func TestLeave_RetryAfterTheGraceAcquiresAnew(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
		a, b := who("a"), who("b")
		ctx, leave := context.WithCancel(t.Context())
		gs[0].lossy.lose(func() fate {
			leave()
			return answered
		})
		r := tryOf(a, "r1", 1)
		if _, err := gs[0].Acquire(ctx, r); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		gs[1].begin(acquireOf(b, "r2", 1)).acquired() // once they are back
		if got, err := gs[1].begin(again(r)).await(); err != nil || got.Acquired {
			t.Fatalf("got %+v, %v", got, err)
		}
		gs[1].release(b, "u1", 1)
		gs[1].available(1)
	})
}

// An attempt that found permits held when it took them up may come after one that has told of them: it never takes
// them back.
func TestLeave_RepeatThatNobodyHearsTakesNothingBack(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2}, func(t *testing.T, gs []*gateway, who caller) {
		a := who("a")
		p := gs[0].begin(acquireOf(a, "r1", 1))
		p.acquired()
		gs[1].current()
		ctx, leave := context.WithCancel(t.Context())
		gs[1].lossy.lose(func() fate {
			leave()
			return answered
		})
		if _, err := gs[1].Acquire(ctx, again(p.r)); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		time.Sleep(2 * grace)
		gs[0].available(0)
		gs[0].release(a, "u1", 1)
	})
}

// An older attempt that waits must not tell of what a later one took up and, untold, gives back.
func TestLeave_EarlierAttemptNeverTellsOfWhatALaterOneGot(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 3}, func(_ *testing.T, gs []*gateway, who caller) {
		w, a := gs[0].w, who("a")
		gs[0].begin(acquireOf(a, "r1", 1)).acquired()
		earlier := gs[0].wait(acquireOf(who("b"), "r2", 1))
		gs[0].late.holdBack()
		later := gs[1].wait(again(earlier.r))
		gs[1].current()
		gs[1].late.holdBack()
		gs[2].release(a, "u1", 1)
		later.leave()
		later.fails(context.Canceled)
		gs[0].late.letGo()
		earlier.fails(semaphore.ErrWaitCancelled)
		gs[1].late.letGo()
		w.gone("r2")
		gs[2].available(1)
	})
}

// Callers leave at any moment around the hand-over, and never come back. Whoever was told has what it asked for; the
// others leave nothing (X2).
func TestLeave_AtAnyMomentAroundTheHandOver(t *testing.T) {
	eachKind(t, setup{permits: 1, gateways: 2, grace: 10 * time.Millisecond}, func(t *testing.T, gs []*gateway, who caller) {
		a, b, c := who("a"), who("b"), who("c")
		told := 0
		for n := range scaled(40) {
			id := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
			gs[0].begin(acquireOf(a, id("a"), 1)).acquired()
			p := gs[n%2].begin(acquireOf(b, id("b"), 1))
			if n%3 > 0 {
				gs[0].w.eventually("it is in line", func() bool { return slices.Contains(gs[0].w.inLine(), id("b")) })
			}
			go func() {
				time.Sleep(time.Duration(n%40) * 50 * time.Microsecond)
				p.leave()
			}()
			gs[0].release(a, id("u"), 1)
			switch _, err := p.await(); {
			case err == nil:
				told++
				time.Sleep(20 * time.Millisecond) // what it has stays
				gs[1].release(b, id("v"), 1)
			case !errors.Is(err, context.Canceled):
				t.Fatal(err)
			}
			gs[1].begin(acquireOf(c, id("c"), 1)).acquired()
			gs[1].release(c, id("w"), 1)
			gs[1].available(1)
		}
		t.Logf("%d were told in time", told)
	})
}
