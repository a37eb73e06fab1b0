package sim

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

var (
	firstSeed = flag.Uint64("sim.seed", 1, "the first seed")
	runs      = flag.Int("sim.runs", 0, "how many schedules of each scene; 0: as many as take a moment")
)

// scene is who meets in a schedule.
type scene struct {
	runs  int // how many schedules take a moment
	steps int
	cast  func(*world)
}

// play plays one seed.
func (s scene) play(seed uint64, tracing bool, breakIt func(*world)) *world {
	w := newWorld(seed)
	w.tracing = tracing
	s.cast(w)
	if breakIt != nil {
		breakIt(w)
	}
	w.run(s.steps)
	return w
}

// test plays one seed after the other, on all processors.
func (s scene) test(t *testing.T) {
	n := uint64(s.runs)
	if *runs > 0 {
		n = uint64(*runs)
	}
	var next atomic.Uint64
	for p := range min(n, uint64(runtime.GOMAXPROCS(0))) {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			t.Parallel()
			for k := next.Add(1) - 1; k < n && !t.Failed(); k = next.Add(1) - 1 {
				s.check(t, *firstSeed+k)
			}
		})
	}
}

// check plays a seed, and tells the story of one that goes wrong.
func (s scene) check(t *testing.T, seed uint64) {
	if w := s.play(seed, false, nil); w.failure == "" {
		return
	}
	w := s.play(seed, true, nil)
	test, _, _ := strings.Cut(t.Name(), "/")
	t.Errorf("seed %d: %s\n%s\nonce more: go test ./tests/sim -run '^%s$' -sim.seed=%d -sim.runs=1", seed, w.failure, w.story(), test, seed)
}

var locks = scene{runs: 5_000, steps: 200, cast: func(w *world) { lockers(w, "orders", "a", "b", "c") }}

func TestLocksKeepTheirPromisesUnderEverySchedule(t *testing.T) { locks.test(t) }

var semaphores = scene{runs: 2_000, steps: 250, cast: func(w *world) {
	o := newSemOracle(w, "pool")
	o.addClients(w.addLife(), "a", "b")
	o.addClients(w.addLife(), "c")
	w.actors = append(w.actors, &semOperator{oracle: o})
}}

func TestSemaphoresKeepTheirPromisesUnderEverySchedule(t *testing.T) { semaphores.test(t) }

var sessionless = scene{runs: 2_000, steps: 250, cast: func(w *world) {
	o := newSemOracle(w, "pool")
	o.addClients(nil, "a", "b", "c")
	w.actors = append(w.actors, &semOperator{oracle: o, sessionless: true})
}}

func TestSessionlessSemaphoresKeepTheirPromisesUnderEverySchedule(t *testing.T) { sessionless.test(t) }
