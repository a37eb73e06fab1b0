package countdownlatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
)

// Gateway 2 sees a past in which what it concludes is not true any more. Its answers are not older than its calls (X3):
// "it could have been given at one moment between call and answer".
func TestStale_NoAnswerIsOlderThanItsCall(t *testing.T) {
	t.Parallel()
	playAll(t, map[string]string{
		"set: the latch that was not there": `
			late@2
			set s1 2 -> true r1
			set@2 s2 3 -> false r1
			get -> 2 of 2 r1`,
		"set: the request that begins the round is answered the same": `
			late@2
			set s1 2 -> true r1
			set@2 s1 2 -> true r1
			get -> 2 of 2 r1`,
		"set: what remained is reached": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			set@2 s2 2 -> true r2`,
		"set: what was reached is over": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			late@2
			set s2 2 -> true r2
			set@2 s3 3 -> false r2`,
		"set: the request began a round that is over": `
			late@2
			set s1 1 -> true r1
			down c1 -> 0 r1
			set s2 2 -> true r2
			set@2 s1 1 -> true r1`,
		"set: the request began a round that is destroyed": `
			late@2
			set s1 1 -> true r1
			destroy -> true
			set@2 s1 1 -> true r1
			keys ->`,
		"set: the request was told no": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			late@2
			set s2 1 -> true r2
			set s3 1 attempt=1 -> false r2
			destroy -> true
			set@2 s3 1 -> false r2
			keys ->`,
		"set: what remained is destroyed": `
			set s1 2 -> true r1
			late@2
			destroy -> true
			set@2 s2 3 -> true r2`,
		"set: what can't be read is mended": `
			put gate {}
			late@2
			destroy -> true
			set@2 s1 2 -> true r1`,
		"count_down: the latch that was not there": `
			late@2
			set s1 2 -> true r1
			down@2 c1 -> 1 r1`,
		"count_down: the round that was not reached": `
			late@2
			set s1 2 -> true r1
			down@2 c1 round=r1 -> 1 r1`,
		"count_down: the next round that was not reached": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			late@2
			set s2 2 -> true r2
			down@2 c2 round=r2 -> 1 r2`,
		"count_down: at zero a new round has begun": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			late@2
			set s2 2 -> true r2
			down@2 c2 -> 1 r2`,
		"count_down: the round of which something remained is over": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			set s2 2 -> true r2
			down@2 c2 -> 1 r2
			keys -> gate gate/r1/c1 gate/r2/c2`,
		"count_down: the round asked for is over": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			set s2 2 -> true r2
			down@2 c2 round=r1 -> 2 r2
			keys -> gate gate/r1/c1`,
		"count_down: one too many": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			down@2 c2 -> 0 r1
			get -> 0 of 1 r1
			set s2 1 -> true r2`,
		"count_down: it arrived meanwhile (C2)": `
			set s1 3 -> true r1
			late@2
			down c1 -> 2 r1
			down@2 c1 -> 2 r1
			get -> 2 of 3 r1`,
		"count_down: it arrived in the last round meanwhile (C2)": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			set s2 2 -> true r2
			down@2 c1 -> 2 r2
			get -> 2 of 2 r2`,
		"count_down: the last round in which it arrived is not the last any more": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			set s2 1 -> true r2
			late@2
			down c2 -> 0 r2
			set s3 2 -> true r3
			down@2 c1 -> 1 r3`,
		"count_down: the latch is destroyed, and there anew": `
			set s1 2 -> true r1
			late@2
			destroy -> true
			set s2 3 -> true r2
			down@2 c1 -> 2 r2`,
		"count_down: the latch is destroyed": `
			set s1 2 -> true r1
			late@2
			destroy -> true
			down@2 c1 -> 0 r0
			keys ->`,
		"await: the round that was reached is over (C3)": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			late@2
			set s2 2 -> true r2
			await@2 0s -> 2 left r2`,
		"await: the round that it waits for is not a past one (C3)": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			set s2 1 -> true r2
			await@2 w1 &
			waits w1 -> true
			down c2 -> 0 r2
			ended w1 -> completed r2`,
		"await: the latch that was not there (C3)": `
			late@2
			set s1 1 -> true r1
			await@2 0s -> 1 left r1`,
		"await: what remained is reached": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			await@2 0s -> completed r1`,
		"await: the latch that was there is destroyed before": `
			set s1 1 -> true r1
			late@2
			destroy -> true
			await@2 -> completed r0`,
		"await: what can't be read is mended": `
			put gate {}
			late@2
			destroy -> true
			await@2 -> completed r0`,
		"destroy: the latch that was not there": `
			late@2
			set s1 1 -> true r1
			destroy@2 -> true
			keys ->`,
		"destroy: the latch that was there": `
			set s1 1 -> true r1
			late@2
			destroy -> true
			destroy@2 -> false`,
		"destroy: the latch is there in another round": `
			set s1 1 -> true r1
			late@2
			down c1 -> 0 r1
			set s2 2 -> true r2
			down c2 -> 1 r2
			destroy@2 -> true
			keys ->`,
		"get and list": `
			late@2
			set s1 2 -> true r1
			get@2 -> 2 of 2 r1
			late@2
			down c1 -> 1 r1
			list@2 -> gate 1 of 2 r1`,
	})
}

// A caller sees, through the gateway that it used before, what it did itself.
func TestStale_ACallSeesWhatItsGatewayWroteBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	for n := range 50 {
		round := g.set("gate", 1, fmt.Sprint("s", n))
		if a := g.arrive("gate", "c"); a.Remaining != 0 || a.Round != round {
			t.Fatalf("after round %d was set, an arrival got %+v", round, a)
		}
		a, err := g.Await(t.Context(), awaitOf("gate"))
		if err != nil || !a.Completed || a.Round != round {
			t.Fatalf("after the last arrival, a wait got %+v, %v", a, err)
		}
		if gone, err := g.Destroy(t.Context(), "gate"); err != nil || !gone {
			t.Fatalf("destroying got %v, %v", gone, err)
		}
	}
}

// A timeout passes on a view of the past: what is said then is not older than the timeout.
func TestStale_ATimeoutThatPassesOnAViewOfThePastIsNoNo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	round := gs[0].set("gate", 1, "s")
	wait := gs[1].begin("gate", within(time.Second))
	gs[1].late.holdBack()
	gs[0].arrive("gate", "c")
	asked := gs[1].lossy.asked.Load()
	w.eventually("the timeout has passed", func() bool { return gs[1].lossy.asked.Load() > asked })
	if wait.over() {
		a, err := wait.end()
		t.Fatalf("it says %+v, %v of the past", a, err)
	}
	gs[1].late.letGo()
	wait.completed(round)
}

// The same for a latch that is gone, or in its next round.
func TestStale_ATimeoutTellsOfWhatHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct {
		meanwhile func(*gateway)
		want      error
	}{
		"the next round": {func(g *gateway) { g.arrive("gate", "c"); g.set("gate", 1, "s2") }, nil},
		"destroyed":      {func(g *gateway) { _, _ = g.Destroy(g.w.t.Context(), "gate") }, countdownlatch.ErrDestroyed},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gs := w.gateways(2)
			round := gs[0].set("gate", 1, "s")
			wait := gs[1].begin("gate", within(time.Second))
			gs[1].late.holdBack()
			asked := gs[1].lossy.asked.Load()
			c.meanwhile(gs[0])
			w.eventually("the timeout has passed", func() bool { return gs[1].lossy.asked.Load() > asked })
			gs[1].late.letGo()
			if c.want != nil {
				wait.fails(c.want)
			} else {
				wait.completed(round)
			}
		})
	}
}
