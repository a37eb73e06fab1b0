package sim

import (
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

// scarce has etcd be full often besides.
func scarce(also breaks) breaks {
	return func(w *world) {
		w.climate.full = 5
		also(w)
	}
}

// spares has a full etcd asked without what matches, too.
func spares(match func(kv.Op) bool, kinds ...string) breaks {
	return scarce(mutates(func(t *kv.Txn) {
		for n, o := range t.Then {
			t.Then[n].Spare = o.Spare || match(o)
		}
	}, kinds...))
}

// TestBrokenCareOfAFullDatabaseIsNoticed does as TestBrokenLocksAreNoticed does.
func TestBrokenCareOfAFullDatabaseIsNoticed(t *testing.T) {
	bite(t, locks, map[string]breaks{
		"no room taken for a no":                 scarce(func(w *world) { w.fullIsNo = true }),
		"force without the trace that it leaves": spares(func(o kv.Op) bool { return strings.Contains(o.Key, "/forced/") }),
		"room again before what is late has come": scarce(func(w *world) {
			w.shortSpells, w.climate.lost, w.climate.late = true, 4, 100
		}),
	})
	bite(t, semaphores, map[string]breaks{
		"release without its memo, where there is no room": spares(func(o kv.Op) bool { return strings.Contains(o.Key, "/memo/") }, "release"),
		"no room for permits taken for a no":               scarce(func(w *world) { w.fullIsNo = true }),
	})
}
