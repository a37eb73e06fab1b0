package countdownlatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
)

// "any number of awaiters, all woken by the last arrival within one commit": ten thousand, through three gateways, are
// answered within a second of it.
func TestAwait_TenThousandAreEndedByTheLastArrival(t *testing.T) {
	w := newWorld(t)
	gs := w.gateways(3)
	round := gs[0].set("gate", 2, "s")
	var all []*waiting
	for n := range 10_000 {
		all = append(all, gs[n%len(gs)].ask("gate", within(time.Minute)))
	}
	for _, p := range all {
		select {
		case <-p.waits:
		case <-time.After(patience):
			t.Fatal("it does not wait")
		}
	}
	looks := looksOf(all)
	gs[0].arrive("gate", "c1")
	if n := slices.IndexFunc(all, (*waiting).over); n >= 0 {
		t.Fatalf("wait %d is over before the last arrival", n)
	}
	var asked int64
	for _, g := range gs {
		g.current()
		asked += g.lossy.asked.Load()
	}
	if more := looksOf(all) - looks; more != 0 {
		t.Errorf("an arrival that is not the last woke %d waits", more)
	}
	start := time.Now()
	gs[0].arrive("gate", "c2")
	answered := time.Since(start)
	var latest time.Duration
	for _, p := range all {
		p.completed(round)
		latest = max(latest, p.at.Sub(start))
	}
	t.Logf("the last arrival was answered after %v, the last of %d waits after %v", answered, len(all), latest)
	if latest > 5*time.Second {
		t.Errorf("the last was answered after %v", latest)
	}
	for _, g := range gs {
		asked -= g.lossy.asked.Load()
	}
	if asked != -1 {
		t.Errorf("it took %d questions to etcd, want the last arrival alone", -asked)
	}
}

// looksOf returns how often the waits have looked.
func looksOf(all []*waiting) (n int64) {
	for _, p := range all {
		n += p.looks.Load()
	}
	return n
}

// A wait of a minute is over with the last arrival, not with the minute.
func TestAwait_OfAMinuteIsEndedByTheLastArrival(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	for n := range 20 {
		name := keys.Name(fmt.Sprintf("gate%d", n))
		round := gs[0].set(name, 1, "s")
		wait := gs[n%2].begin(name, within(time.Minute))
		gs[0].arrive(name, "c")
		wait.completed(round)
	}
}

// "false after the timeout": never early, and not late by much.
func TestAwait_EndsWithItsTimeoutAndNeverEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	round := g.set("gate", 1, "s")
	want := countdownlatch.AwaitAnswer{Remaining: 1, Round: round}
	for _, d := range []time.Duration{0, time.Nanosecond, 10 * time.Millisecond, 300 * time.Millisecond} {
		start := time.Now()
		r := awaitOf("gate")
		r.Timeout = &d
		a, err := g.Await(t.Context(), r)
		took := time.Since(start)
		if err != nil || a != want || took < d || took > d+patience/4 {
			t.Errorf("a timeout of %v: got %+v, %v after %v", d, a, err, took)
		}
	}
}

// "No session needed", and a caller that left leaves nothing.
func TestAwait_ACallerThatLeftLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.set("gate", 1, "s")
	before := w.dump()
	for range 10 {
		wait := g.begin("gate", nil)
		wait.leave()
		wait.fails(context.Canceled)
	}
	if after := w.dump(); !slices.Equal(after, before) {
		t.Errorf("left behind: %v, before: %v", after, before)
	}
}

// The waits of a gateway that shuts down end with UNAVAILABLE, through another one they go on.
func TestAwait_EndsWithItsGateway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	round := gs[0].set("gate", 1, "s")
	wait, other := gs[1].begin("gate", nil), gs[0].begin("gate", nil)
	gs[1].store.Close()
	wait.fails(store.ErrUnavailable)
	gs[0].arrive("gate", "c")
	other.completed(round)
}

// Between two looks of a wait much may happen. Once zero was reached, it was: also when the latch is destroyed right
// behind the last arrival. Else a latch that is there anew is another one.
func TestAwait_TellsWhatBecameOfItsRound(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct {
		meanwhile func(*model)
		want      error
	}{
		"reached, and destroyed": {func(m *model) {
			m.finish(m.downCall("c"))
			m.commit(m.commits(countdownlatch.NewDestroyCall(m.space, "gate")))
		}, nil},
		"reached, and three rounds went by": {func(m *model) {
			m.finish(m.downCall("c"))
			m.round(2)
			m.round(3)
			m.set("s4", 1)
		}, nil},
		"destroyed, and there anew": {func(m *model) {
			m.destroy()
			m.set("s2", 1)
		}, countdownlatch.ErrDestroyed},
		"destroyed, and reached anew": {func(m *model) {
			m.destroy()
			m.round(2)
		}, countdownlatch.ErrDestroyed},
	} {
		t.Run(says, func(t *testing.T) {
			m := newModel(t)
			round := m.set("s", 1)
			wait := countdownlatch.NewAwaitCall(m.space, awaitOf("gate"))
			m.waits(wait)
			c.meanwhile(m)
			m.finish(wait)
			a, err := wait.Answer()
			if !errors.Is(err, c.want) || err == nil && a != (countdownlatch.AwaitAnswer{Completed: true, Round: round}) {
				t.Errorf("got %+v, %v; want %v", a, err, c.want)
			}
		})
	}
}
