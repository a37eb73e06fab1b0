package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

// teeth is how many schedules a broken variant may pass unnoticed.
const teeth = 20_000

// breaks is what is broken on purpose.
type breaks func(*world)

// bite expects each broken variant to be noticed in some schedule.
func bite(t *testing.T, s scene, variants map[string]breaks) {
	for name, breakIt := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(teeth) {
				if w := s.play(seed, false, breakIt); w.failure != "" && s.play(seed, false, nil).failure == "" {
					t.Logf("seed %d: %s", seed, w.failure)
					return
				}
			}
			t.Errorf("%d schedules saw nothing wrong", teeth)
		})
	}
}

// The variants that are broken in every primitive.
func noBarrier(w *world) { w.noBarrier = true }
func sameCall(w *world)  { w.sameCall = true }
func deaf(w *world)      { w.deaf = true }
func heedless(w *world)  { w.heedless = true }

// faints has gateways faint often besides.
func faints(also breaks) breaks {
	return func(w *world) {
		w.climate.mishap = 5
		also(w)
	}
}

// mutates changes the transactions of some kinds of request; of all of them where none is named.
func mutates(f func(*kv.Txn), kinds ...string) breaks {
	return func(w *world) {
		w.mutate = func(kind string, t kv.Txn) kv.Txn {
			if len(kinds) > 0 && !slices.Contains(kinds, kind) {
				return t
			}
			t.If, t.Then = slices.Clone(t.If), slices.Clone(t.Then)
			f(&t)
			return t
		}
	}
}

// without leaves out the conditions that match.
func without(match func(kv.Compare) bool, kinds ...string) breaks {
	return mutates(func(t *kv.Txn) { t.If = slices.DeleteFunc(t.If, match) }, kinds...)
}

// omits leaves out what a transaction does that matches.
func omits(match func(kv.Op) bool, kinds ...string) breaks {
	return mutates(func(t *kv.Txn) { t.Then = slices.DeleteFunc(t.Then, match) }, kinds...)
}

func on(part string) func(kv.Compare) bool {
	return func(c kv.Compare) bool { return strings.Contains(c.Key, part) }
}

// unchanged matches the conditions that a key is as it was seen.
func unchanged(part string) func(kv.Compare) bool {
	return func(c kv.Compare) bool {
		return c.Target == kv.Mod && c.Is == kv.Equal && c.Rev > 0 && strings.Contains(c.Key, part)
	}
}

var forgetLease = mutates(func(t *kv.Txn) {
	for n := range t.Then {
		t.Then[n].Lease = 0
	}
})
