package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

// teeth is how many schedules a broken variant may pass unnoticed.
const teeth = 5_000

// bite expects each broken variant to be noticed in some schedule.
func bite(t *testing.T, s scene, variants map[string]func(*world)) {
	for name, breakIt := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(teeth) {
				if w := s.play(seed, false, breakIt); w.failure != "" {
					t.Logf("seed %d: %s", seed, w.failure)
					return
				}
			}
			t.Errorf("%d schedules saw nothing wrong", teeth)
		})
	}
}

// without returns a mutation that leaves out the conditions that match.
func without(match func(kv.Compare) bool) func(*world) {
	return mutates(func(t kv.Txn) kv.Txn {
		t.If = slices.DeleteFunc(slices.Clone(t.If), match)
		return t
	})
}

func mutates(f func(kv.Txn) kv.Txn) func(*world) { return func(w *world) { w.mutate = f } }

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
