package store_test

import (
	"testing"

	"github.com/cpgate/cpgate/internal/store"
)

func poked(w *store.Wait) bool {
	select {
	case <-w.News():
		return true
	default:
		return false
	}
}

func TestAWaitHearsOfItsKeysAndOfWhatIsDirectlyBelowThem(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	one, below, both := s.Attend(e.key("a/1")), s.Attend(e.key("a/")), s.Attend(e.key("a/"), e.key("b/1"))
	defer one.Stop()
	defer below.Stop()
	for _, c := range []struct {
		key              string
		one, below, both bool
	}{
		{"a/1", true, true, true},
		{"a/2", false, true, true},
		{"a/1/x", false, false, false},
		{"b/1", false, false, true},
		{"b/2", false, false, false},
		{"a", false, false, false},
	} {
		e.put(t, c.key, "1")
		e.fresh(t, s, c.key)
		if o, b, m := poked(one), poked(below), poked(both); o != c.one || b != c.below || m != c.both {
			t.Errorf("%s: %v, %v, %v", c.key, o, b, m)
		}
	}
	both.Stop()
	e.del(t, "a/1")
	e.fresh(t, s, "a/1")
	if !poked(one) || !poked(below) || poked(both) {
		t.Error("one that was stopped is not told, the others are")
	}
}

func TestNewsThatNobodyTookAreOneAndTheNext(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	w := s.Attend(e.key("x"))
	defer w.Stop()
	for range 3 {
		e.put(t, "x", "1")
		e.fresh(t, s, "x")
	}
	if !poked(w) || poked(w) {
		t.Error("three changes are one piece of news to who was away")
	}
}
