package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

// without returns a mutation that leaves out the conditions that match.
func without(match func(kv.Compare) bool) func(*world) {
	return func(w *world) {
		w.mutate = func(t kv.Txn) kv.Txn {
			t.If = slices.DeleteFunc(slices.Clone(t.If), match)
			return t
		}
	}
}

func on(part string) func(kv.Compare) bool {
	return func(c kv.Compare) bool { return strings.Contains(c.Key, part) }
}

func forgetLease(w *world) {
	w.mutate = func(t kv.Txn) kv.Txn {
		t.Then = slices.Clone(t.Then)
		for n := range t.Then {
			t.Then[n].Lease = 0
		}
		return t
	}
}

// TestBrokenLocksAreNoticed breaks one rule at a time and expects the simulation to notice: each rule is there for
// a reason that some schedule shows.
func TestBrokenLocksAreNoticed(t *testing.T) {
	for name, breakIt := range map[string]func(*world){
		"blind writes":                                    without(func(c kv.Compare) bool { return c.Target == kv.Mod && !on("/session/")(c) }),
		"no without a barrier":                            func(w *world) { w.noBarrier = true },
		"give-up without a ticket ahead":                  without(func(c kv.Compare) bool { return c.Is == kv.Equal && c.Target == kv.Create && c.Rev > 0 }),
		"commit taken for the hold without an empty line": without(func(c kv.Compare) bool { return c.Prefix }),
		"retry that puts its ticket again": without(func(c kv.Compare) bool {
			return c.Target == kv.Create && c.Rev == 0 && on("/lock/")(c) && !on("/memo/")(c) && !c.Prefix
		}),
		"late attempt that ignores the memo":                 without(on("/memo/")),
		"put after the session has ended":                    without(on("/session/")),
		"put that forgets the lease":                         forgetLease,
		"calls that take each other's tickets for their own": func(w *world) { w.sameCall = true },
		"lost wake-up": func(w *world) { w.deaf = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(defaultRuns) {
				if w := schedule(seed, false, breakIt); w.failure != "" {
					t.Logf("seed %d: %s", seed, w.failure)
					return
				}
			}
			t.Errorf("%d schedules saw nothing wrong", defaultRuns)
		})
	}
}
