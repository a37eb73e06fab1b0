package countdownlatch_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
)

// What semantics promise of latches, sentence by sentence.
func TestLatch_KeepsEachPromise(t *testing.T) {
	t.Parallel()
	playAll(t, map[string]string{
		"try_set_count: true and a new round if nothing remains, false otherwise": `
			set s1 2 -> true r1
			set s2 5 -> false r1
			set@2 s3 5 -> false r1
			down c1 -> 1 r1
			set s4 5 -> false r1
			down c2 -> 0 r1
			set@2 s5 3 -> true r2
			get -> 3 of 3 r2`,
		"try_set_count: a request begins one round at the most, and a repeat is told of it whatever became of that": `
			set s1 2 -> true r1
			set@2 s1 2 -> true r1
			down c1 -> 1 r1
			set s1 2 -> true r1
			down c2 -> 0 r1
			set@2 s1 2 -> true r1
			get -> 0 of 2 r1
			set s2 1 -> true r2
			set s1 2 -> true r1
			get -> 1 of 1 r2
			destroy -> true
			set@2 s2 1 -> true r2
			set s1 2 -> true r1
			get -> 0 of 0 r0
			memos -> gate/s1 gate/s2`,
		"try_set_count: a no to a repeat is the last word, and one to a first attempt is not": `
			set s1 1 -> true r1
			set s2 5 -> false r1
			set s3 5 attempt=1 -> false r1
			memos -> gate/s1 gate/s3
			down c1 -> 0 r1
			set@2 s3 5 attempt=2 -> false r1
			set s2 5 attempt=1 -> true r2`,
		"count_down: arrives once per id": `
			set s1 3 -> true r1
			down c1 -> 2 r1
			down c1 -> 2 r1
			down@2 c1 -> 2 r1
			down@2 c1 round=r1 -> 2 r1
			down@2 c2 -> 1 r1
			keys -> gate gate/r1/c1 gate/r1/c2`,
		"count_down: an id that arrived in the last round counts no more, through whichever gateway": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			set s2 2 -> true r2
			down@2 c1 -> 2 r2
			down c1 -> 2 r2
			down c2 -> 1 r2
			get -> 1 of 2 r2`,
		"count_down: an older round is ignored and succeeds": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			set s2 2 -> true r2
			down c2 round=r1 -> 2 r2
			down@2 c3 round=r1 -> 2 r2
			down c2 round=r2 -> 1 r2
			keys -> gate gate/r1/c1 gate/r2/c2`,
		"count_down: a round not yet reached is INVALID_ARGUMENT": `
			set s1 2 -> true r1
			down c1 round=r1+1 -> future round
			down c1 round=r1+1000000 -> future round
			down c1 -> 1 r1
			down c1 round=r1+1 -> future round
			destroy -> true
			down c1 round=r1+1000000 -> future round
			down c1 round=r1 -> 0 r0`,
		"count_down: at zero nothing happens": `
			down c1 -> 0 r0
			keys ->
			set s1 1 -> true r1
			down c2 -> 0 r1
			down c3 -> 0 r1
			keys -> gate gate/r1/c2
			set s2 2 -> true r2
			down c3 -> 1 r2`,
		"await: true at zero": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			await -> completed r1
			await@2 0s -> completed r1`,
		"await: also for a never-set latch": `
			await -> completed r0
			await 0s -> completed r0
			keys ->`,
		"await: false after the timeout": `
			set s1 2 -> true r1
			await 0s -> 2 left r1
			down c1 -> 1 r1
			await@2 20ms -> 1 left r1
			keys -> gate gate/r1/c1`,
		"await: the last arrival ends it, and none before": `
			set s1 3 -> true r1
			await w1 &
			await@2 w2 1h &
			down c1 -> 2 r1
			down@2 c2 -> 1 r1
			down@2 c2 -> 1 r1
			waits w1 -> true
			waits w2 -> true
			down c3 -> 0 r1
			ended w1 -> completed r1
			ended w2 -> completed r1`,
		"await: who waited for a round that is over is not held back by the next one": `
			set s1 1 -> true r1
			await w1 &
			await@2 w2 &
			down c1 -> 0 r1
			set s2 1 -> true r2
			ended w1 -> completed r1
			ended w2 -> completed r1
			await w3 &
			waits w3 -> true
			down c2 -> 0 r2
			ended w3 -> completed r2`,
		"get: count remaining, round, initial count": `
			get -> 0 of 0 r0
			list ->
			set s1 3 -> true r1
			down c1 -> 2 r1
			get -> 2 of 3 r1
			get@2 -> 2 of 3 r1
			list@2 -> gate 2 of 3 r1
			down c2 -> 1 r1
			down c3 -> 0 r1
			list -> gate 0 of 3 r1`,
		"destroy: awaiters get DESTROYED": `
			set s1 2 -> true r1
			await w1 &
			await@2 w2 1h &
			down c1 -> 1 r1
			destroy@2 -> true
			ended w1 -> destroyed
			ended w2 -> destroyed
			destroy -> false
			get -> 0 of 0 r0
			keys ->`,
		"destroy: the latch can be set anew at once, and no round comes back": `
			set s1 2 -> true r1
			await w1 &
			destroy -> true
			set@2 s2 2 -> true r2
			ended w1 -> destroyed
			down c1 round=r1 -> 2 r2
			down c1 -> 1 r2
			destroy -> true
			set s3 2 -> true r3`,
		"what they damage is named, never a crash": `
			set s1 2 -> true r1
			await w1 &
			put gate {"count":"many"}
			ended w1 -> damaged latch/gate
			set s2 2 -> damaged latch/gate
			down c1 -> damaged latch/gate
			down c1 round=r1 -> damaged latch/gate
			await -> damaged latch/gate
			await@2 0s -> damaged latch/gate
			get -> damaged latch/gate
			list -> gate 0 of 0 r2
			destroy -> true
			set s2 2 -> true r3`,
		"what they damage is named: a record of nothing": `
			put gate
			get -> damaged latch/gate
			destroy@2 -> true
			get -> 0 of 0 r0`,
		"what they damage is named: keys that are no arrivals count nothing": `
			set s1 2 -> true r1
			put gate/r1/c1/x
			put gate/0/c1
			put gate/r1
			put gate/
			put gate/-5/c1
			put gate/99999999999999999999/c1
			get -> 2 of 2 r1
			down c1 -> 1 r1
			down c2 -> 0 r1
			set s2 1 -> true r2
			keys -> gate gate/r1/c1 gate/r1/c1/x gate/r1/c2
			destroy -> true
			keys ->`,
	})
}

// "try_set_count(n): n ≥ 1 (else INVALID_ARGUMENT)", and 100,000 is the most.
func TestTrySetCount_TakesNoCountOutOfRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	for _, n := range []int32{0, -1, math.MinInt32, countdownlatch.MaxCount + 1, math.MaxInt32} {
		a, err := g.TrySetCount(t.Context(), countdownlatch.SetRequest{Name: "gate", Count: n, RequestID: "s"})
		if !errors.Is(err, countdownlatch.ErrCountOutOfRange) {
			t.Errorf("%d: got %+v, %v", n, a, err)
		}
	}
	g.set("gate", countdownlatch.MaxCount, "s")
}

// Three workers, one who waits for them, and the same latch again in a second round.
func TestLatch_OfThreeIsReachedByThreeWorkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(3)
	for n := range 2 {
		round := gs[n].set("jobs", 3, fmt.Sprintf("s%d", n))
		wait := gs[2].begin("jobs", within(time.Minute))
		for k, g := range gs {
			if wait.over() {
				t.Fatalf("the wait is over after %d of 3", k)
			}
			if a := g.arrive("jobs", fmt.Sprintf("c%d.%d", n, k)); int(a.Remaining) != 2-k || a.Round != round {
				t.Errorf("the %d-th of 3 got %+v", k+1, a)
			}
		}
		wait.completed(round)
	}
}
