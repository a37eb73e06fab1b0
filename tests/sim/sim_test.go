package sim

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
)

var (
	firstSeed = flag.Uint64("sim.seed", 1, "the first seed")
	runs      = flag.Int("sim.runs", 0, "how many schedules of each scene; 0: as many as take a moment")
)

// The worlds are many, and none lives for long: to let garbage lie is faster.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

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

// test plays one seed after the other.
func (s scene) test(t *testing.T) { inChunks(t, s.runs, s.check) }

// inChunks has all processors check one seed after the other: so many as are asked for, else n.
func inChunks(t *testing.T, n int, check func(*testing.T, uint64)) {
	n /= thrift
	if *runs > 0 {
		n = *runs
	}
	var next atomic.Uint64
	for p := range min(n, runtime.GOMAXPROCS(0)) {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			t.Parallel()
			for k := next.Add(1) - 1; k < uint64(n) && !t.Failed(); k = next.Add(1) - 1 {
				check(t, *firstSeed+k)
			}
		})
	}
}

// check plays a seed, and tells the story of one that goes wrong.
func (s scene) check(t *testing.T, seed uint64) {
	w := s.play(seed, false, nil)
	if w.failure == "" {
		return
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	t.Errorf("seed %d: %s\n%s\nonce more: go test ./tests/sim -run '^%s$' -sim.seed=%d -sim.runs=1",
		seed, w.failure, s.play(seed, true, nil).story(), test, seed)
}
