package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

const jobArrivals = "cp/latch/job/"

// deletesRound has whoever deletes arrivals delete those of every round.
func deletesRound(t *kv.Txn) {
	for n, o := range t.Then {
		if o.Delete && strings.HasPrefix(o.Key, jobArrivals) {
			t.Then = append(t.Then[:n:n], kv.DeleteAll(jobArrivals))
			return
		}
	}
}

// forgetsLast has a set delete the arrivals of the round that it ends.
func forgetsLast(t *kv.Txn) {
	if slices.ContainsFunc(t.Then, func(o kv.Op) bool { return o.Key+"/" == jobArrivals && !o.Delete }) {
		t.Then = append(t.Then, kv.DeleteAll(jobArrivals))
	}
}

// memoOf matches what puts a memo that says so.
func memoOf(says string) func(kv.Op) bool {
	return func(o kv.Op) bool {
		return strings.Contains(o.Key, "/memo/") && strings.Contains(string(o.Value), says)
	}
}

// TestBrokenLatchesAreNoticed breaks one rule at a time, as TestBrokenLocksAreNoticed does.
func TestBrokenLatchesAreNoticed(t *testing.T) {
	record := func(c kv.Compare) bool { return c.Key+"/" == jobArrivals }
	bite(t, latches, map[string]breaks{
		"count down without the record":        without(record, "count down"),
		"count down without the last round":    mutates(forgetsLast, "set"),
		"set without the record":               without(record, "set"),
		"set without its memo":                 omits(memoOf(`"set":true`), "set"),
		"no to a retried set without its memo": omits(memoOf(`"set":false`), "set"),
		"set that does not ask for its memo":   without(on("/memo/"), "set"),
		"set that deletes what still counts":   mutates(deletesRound, "set"),
		"await, and any no, without a barrier": noBarrier,
		"lost wake-up":                         deaf,
	})
}
