package sim

import (
	"flag"
	"testing"
)

var (
	firstSeed = flag.Uint64("sim.seed", 1, "the first seed")
	runs      = flag.Int("sim.runs", 0, "how many schedules; 0: 5,000")
)

const defaultRuns = 5_000

// schedule plays one seed with three callers on one lock.
func schedule(seed uint64, tracing bool, breakIt func(*world)) *world {
	w := newWorld(seed)
	w.tracing = tracing
	for _, name := range []string{"a", "b", "c"} {
		w.addCaller(name, "orders")
	}
	if breakIt != nil {
		breakIt(w)
	}
	w.run(200)
	return w
}

func TestLocksKeepTheirPromisesUnderEverySchedule(t *testing.T) {
	n := *runs
	if n == 0 {
		n = defaultRuns
	}
	for seed := *firstSeed; seed < *firstSeed+uint64(n); seed++ {
		if w := schedule(seed, false, nil); w.failure != "" {
			t.Fatalf("seed %d: %s\n%s", seed, w.failure, schedule(seed, true, nil).story())
		}
	}
}
