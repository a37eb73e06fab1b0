package mirror_test

import (
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

func wantLost(t *testing.T, m *mirror.Mirror, want ...string) {
	t.Helper()
	var got []string
	for _, i := range m.Lost() {
		got = append(got, i.Key)
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("lost: %q, want %q", got, want)
	}
}

func TestAHoldTakenByForceIsLost(t *testing.T) {
	const trace = "cp/memo/1/forced/a/1"
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1)})
	m.Fold(2, []kv.Event{gone("cp/lock/a/1"), put(trace, 2, 2), put("cp/memo/1/lock/a/r", 2, 2)})
	wantLost(t, m, trace)
	m.Fold(3, []kv.Event{put("cp/lock/a/1", 3, 3)})
	wantLost(t, m)
	m.Fold(4, []kv.Event{put(trace, 2, 4)}) // written over
	wantLost(t, m)
	m.Fold(5, []kv.Event{gone(trace)}) // too old
	wantLost(t, m)
}

func TestALockGivenBackIsNotLost(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1)})
	m.Fold(2, []kv.Event{gone("cp/lock/a/1")})
	wantLost(t, m)
}

func destroyed(tickets ...string) []kv.Event {
	all := []kv.Event{gone("cp/semaphore/pool")}
	for _, name := range tickets {
		all = append(all, gone(pool+name))
	}
	return all
}

func TestWhatADestroyedSemaphoreLentIsLostAndWhatWaitedIsNot(t *testing.T) {
	m := lent()
	m.Fold(5, destroyed("1.a", "2.b", "3.c"))
	wantLost(t, m, pool+"1.a")
	m.Fold(6, []kv.Event{record(6, value.Semaphore{Permits: 3})})
	wantLost(t, m)
}

// Several revisions may be folded at once: those that released before are gone by then, and those hold who came.
func TestWhoReleasedBeforeTheDestroyHasLostNothing(t *testing.T) {
	m := lent()
	came := ticket("4.d", 6, 6, 1)
	m.Fold(7, slices.Concat([]kv.Event{gone(pool + "1.a"), came}, destroyed("2.b", "3.c", "4.d")))
	wantLost(t, m, pool+"2.b", pool+"3.c")
}

func TestATicketThatStaysWithoutItsRecordIsNotLost(t *testing.T) {
	m := lent()
	m.Fold(5, destroyed())
	wantLost(t, m)
	m.Fold(6, []kv.Event{gone(pool + "1.a")})
	wantLost(t, m)
}

// What happened while nobody looked may have been anything.
func TestARebuiltMirrorKnowsOfNoLoss(t *testing.T) {
	m := lent()
	m.Rebuild(9, nil)
	wantLost(t, m)
}
