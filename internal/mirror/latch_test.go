package mirror_test

import (
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

const (
	gate     = "cp/latch/gate"
	arrivals = gate + "/"
)

// round begins a round of the gate, whose record came in revision 1.
func round(mod kv.Revision, count int32) kv.Event {
	return says(gate, 1, mod, value.Latch{Count: count}.Encode())
}

// wantRemaining wants news of just these keys, and so many arrivals to remain.
func wantRemaining(t *testing.T, m *mirror.Mirror, news []string, remaining int32, of ...string) {
	t.Helper()
	slices.Sort(news)
	if news = slices.Compact(news); !slices.Equal(news, of) {
		t.Errorf("news of %q, want %q", news, of)
	}
	if _, _, got, _ := m.View().Latch(arrivals); got != remaining {
		t.Errorf("%d remain, want %d", got, remaining)
	}
}

func TestALatchIsNewsOnceWhenNothingRemains(t *testing.T) {
	m := newMirror()
	wantRemaining(t, m, m.Fold(1, []kv.Event{round(1, 2)}), 2, gate)
	wantRemaining(t, m, m.Fold(2, []kv.Event{put(arrivals+"1/a", 2, 2)}), 1, arrivals+"1/a")
	wantRemaining(t, m, m.Fold(3, []kv.Event{put(arrivals+"1/b", 3, 3)}), 0, gate, arrivals+"1/b")
	wantRemaining(t, m, m.Fold(4, []kv.Event{put(arrivals+"1/c", 4, 4)}), 0, arrivals+"1/c")
	if got := m.View().Arrivals(arrivals, 1); got != 3 {
		t.Errorf("%d arrivals", got)
	}
}

func TestALatchIsNewsAgainInItsNextRound(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{round(1, 1)})
	m.Fold(2, []kv.Event{put(arrivals+"1/a", 2, 2)})
	wantRemaining(t, m, m.Fold(3, []kv.Event{round(3, 1)}), 1, gate)
	wantRemaining(t, m, m.Fold(4, []kv.Event{put(arrivals+"1/late", 4, 4)}), 1, arrivals+"1/late")
	wantRemaining(t, m, m.Fold(5, []kv.Event{put(arrivals+"3/a", 5, 5)}), 0, gate, arrivals+"3/a")
	if v := m.View(); v.Arrivals(arrivals, 1) != 2 || v.Arrivals(arrivals, 3) != 1 {
		t.Errorf("%d and %d arrivals", v.Arrivals(arrivals, 1), v.Arrivals(arrivals, 3))
	}
}

func TestAnArrivalWrittenOverCountsOnce(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{round(1, 2), put(arrivals+"1/a", 1, 1)})
	wantRemaining(t, m, m.Fold(2, []kv.Event{put(arrivals+"1/a", 1, 2)}), 1, arrivals+"1/a")
	// Also when it went unseen that it was deleted in between.
	wantRemaining(t, m, m.Fold(4, []kv.Event{put(arrivals+"1/a", 4, 4)}), 1, arrivals+"1/a")
	wantRemaining(t, m, m.Fold(5, []kv.Event{gone(arrivals + "1/a")}), 2, arrivals+"1/a")
}

func TestAnArrivalTakenBackIsNewsWhereNothingRemained(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{round(1, 1), put(arrivals+"1/a", 1, 1)})
	wantRemaining(t, m, m.Fold(2, []kv.Event{gone(arrivals + "1/a")}), 1, gate, arrivals+"1/a")
	wantRemaining(t, m, m.Fold(3, []kv.Event{put(arrivals+"1/a", 3, 3)}), 0, gate, arrivals+"1/a")
}

func TestWhatIsNoArrivalDoesNotCount(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{round(1, 1)})
	for n, odd := range []string{"", "1", "1/", "01/a", "1/a/b", "x/a", "2/a", "1/%61"} {
		rev := kv.Revision(n + 2)
		wantRemaining(t, m, m.Fold(rev, []kv.Event{put(arrivals+odd, rev, rev)}), 1, arrivals+odd)
	}
	if got := m.View().Arrivals(arrivals, 1); got != 0 {
		t.Errorf("%d arrivals", got)
	}
}

func TestARecordThatCanNotBeReadHasNothingRemainingAndReachedNothing(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{round(1, 1)})
	for n, scribble := range []string{"", "x", "{}", `{"count":0}`, `{"count":-1}`} {
		rev := kv.Revision(n + 2)
		wantRemaining(t, m, m.Fold(rev, []kv.Event{says(gate, 1, rev, []byte(scribble))}), 0, gate)
		if i, l, _, ok := m.View().Latch(arrivals); i == nil || ok || l != (value.Latch{}) {
			t.Errorf("%v says %+v, %v", i, l, ok)
		}
		wantRemaining(t, m, m.Fold(rev, []kv.Event{put(arrivals+"9/a", 1, rev)}), 0, arrivals+"9/a")
	}
}

// Who waits for a round that was destroyed can see whether it was reached, for as long as its arrivals are there.
func TestTheArrivalsOfALatchOutliveItsRecord(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{round(1, 2), put(arrivals+"1/a", 1, 1), put(arrivals+"1/b", 1, 1)})
	wantRemaining(t, m, m.Fold(2, []kv.Event{gone(gate)}), 0, gate)
	if i, _, _, ok := m.View().Latch(arrivals); i != nil || ok || m.View().Arrivals(arrivals, 1) != 2 {
		t.Errorf("%v, %v, %d arrivals", i, ok, m.View().Arrivals(arrivals, 1))
	}
	again := says(gate, 3, 3, value.Latch{Count: 1}.Encode())
	wantRemaining(t, m, m.Fold(3, []kv.Event{again}), 1, gate)
	m.Fold(4, []kv.Event{gone(gate), gone(arrivals + "1/a"), gone(arrivals + "1/b")})
	if got := names(m.View(), "cp/", "", -1); len(got) != 0 {
		t.Errorf("groups %q", got)
	}
}
