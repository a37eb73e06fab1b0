package sim

import (
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

// onto is how a transaction comes after others, as kv.Fold has it.
type onto func(value []byte) (next []byte, ok bool)

// folds changes that.
func folds(change func(t kv.Txn, was onto) onto, kinds ...string) breaks {
	return mutates(func(t *kv.Txn) {
		if t.Fold != nil {
			t.Fold = &kv.Fold{Key: t.Fold.Key, Onto: change(*t, t.Fold.Onto)}
		}
	}, kinds...)
}

// TestBrokenFoldsAreNoticed breaks how calls on a semaphore without sessions come after each other in one transaction.
func TestBrokenFoldsAreNoticed(t *testing.T) {
	twice := func(_ kv.Txn, was onto) onto {
		return func(value []byte) ([]byte, bool) {
			once, _ := was(value)
			return was(once)
		}
	}
	bite(t, crowded, map[string]breaks{
		"release counted twice": folds(twice, "release"),
		"take counted twice":    folds(twice, "acquire"),
		"take that goes over what is there": folds(func(_ kv.Txn, was onto) onto {
			return func(value []byte) ([]byte, bool) {
				next, _ := was(value)
				return next, true
			}
		}, "acquire"),
		"step that forgets those before it": folds(func(t kv.Txn, _ onto) onto {
			return func([]byte) ([]byte, bool) {
				for _, o := range t.Then {
					if o.Key == t.Fold.Key {
						return o.Value, true
					}
				}
				return nil, false
			}
		}),
		"step that gets lost": folds(func(_ kv.Txn, _ onto) onto {
			return func(value []byte) ([]byte, bool) { return value, true }
		}),
	})
}

// Schedules in which nothing is folded would see nothing of it.
func TestCallsAreFolded(t *testing.T) {
	folded := 0
	for seed := range uint64(20) {
		w := crowded.play(seed, false, nil)
		folded += w.folded
	}
	if folded < 20 {
		t.Errorf("%d transactions of several calls in 20 schedules", folded)
	}
}
