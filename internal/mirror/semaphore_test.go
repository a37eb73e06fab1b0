package mirror_test

import (
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

const pool = "cp/semaphore/pool/"

// says puts a key with a value.
func says(key string, create, mod kv.Revision, v []byte) kv.Event {
	return kv.Event{Key: key, Item: &kv.Item{Key: key, Create: create, Mod: mod, Value: v}}
}

// record puts the semaphore's record, which came in revision 1.
func record(mod kv.Revision, s value.Semaphore) kv.Event {
	s.Request = "r"
	return says("cp/semaphore/pool", 1, mod, s.Encode())
}

func ticket(name string, create, mod kv.Revision, permits int64) kv.Event {
	e := says(pool+name, create, mod, value.Ticket{Permits: permits, By: "g.1"}.Encode())
	sid, _, _ := keys.ParseSemaphoreTicket(pool, e.Key)
	e.Item.Lease = kv.LeaseID(sid)
	return e
}

// lent returns a mirror at revision 4: of three permits a has two, b waits for two, and c for one.
func lent() *mirror.Mirror {
	m := newMirror()
	m.Fold(1, []kv.Event{record(1, value.Semaphore{Permits: 3})})
	m.Fold(2, []kv.Event{ticket("1.a", 2, 2, 2)})
	m.Fold(3, []kv.Event{ticket("2.b", 3, 3, 2)})
	m.Fold(4, []kv.Event{ticket("3.c", 4, 4, 1)})
	return m
}

// wantHolders wants those to hold, and the news to be of just these keys of the pool ("" is its record).
func wantHolders(t *testing.T, m *mirror.Mirror, news []string, of []string, holders ...string) {
	t.Helper()
	var want []string
	for _, name := range of {
		if name == "" {
			want = append(want, "cp/semaphore/pool")
		} else {
			want = append(want, pool+name)
		}
	}
	slices.Sort(want)
	slices.Sort(news)
	if news = slices.Compact(news); !slices.Equal(news, want) {
		t.Errorf("news of %q, want %q", news, want)
	}
	l := m.View().Line(pool)
	var got []string
	for n := range l.Admitted() {
		got = append(got, l.At(n).Key[len(pool):])
	}
	if !slices.Equal(got, holders) {
		t.Errorf("%q hold, want %q", got, holders)
	}
}

func TestPermitsGivenBackAreNewsToThoseWhoNowHoldAndToNobodyBehind(t *testing.T) {
	m := lent()
	m.Fold(5, []kv.Event{ticket("4.d", 5, 5, 1)})
	wantHolders(t, m, m.Fold(6, []kv.Event{gone(pool + "1.a")}), []string{"1.a", "2.b", "3.c"}, "2.b", "3.c")
}

func TestAPartGivenBackIsNewsToTheNextInLine(t *testing.T) {
	m := lent()
	wantHolders(t, m, m.Fold(5, []kv.Event{ticket("1.a", 2, 5, 1)}), []string{"1.a", "2.b"}, "1.a", "2.b")
}

func TestAHigherLimitIsNewsToThoseItAdmits(t *testing.T) {
	m := lent()
	up := record(5, value.Semaphore{Permits: 4})
	wantHolders(t, m, m.Fold(5, []kv.Event{up}), []string{"", "2.b"}, "1.a", "2.b")
}

// S3
func TestALowerLimitTakesNothingFromAnybodyAndIsNoNewsToThem(t *testing.T) {
	m := lent()
	down := record(5, value.Semaphore{Permits: -1, Through: &value.Through{Create: 2, Key: pool + "1.a"}})
	wantHolders(t, m, m.Fold(5, []kv.Event{down}), []string{""}, "1.a")
	wantHolders(t, m, m.Fold(6, []kv.Event{gone(pool + "1.a")}), []string{"1.a"})
}

func TestARecordThatAppearsIsNewsToAllInLine(t *testing.T) {
	m := lent()
	all := []string{"", "1.a", "2.b", "3.c"}
	wantHolders(t, m, m.Fold(5, []kv.Event{gone("cp/semaphore/pool")}), []string{""})
	again := says("cp/semaphore/pool", 6, 6, value.Semaphore{Permits: 1, Request: "s"}.Encode())
	wantHolders(t, m, m.Fold(6, []kv.Event{again}), all)

	// Also when it went unseen that the one before was deleted.
	another := says("cp/semaphore/pool", 8, 8, value.Semaphore{Permits: 2, Request: "t"}.Encode())
	wantHolders(t, m, m.Fold(8, []kv.Event{another}), all, "1.a")
	more := says("cp/semaphore/pool", 8, 9, value.Semaphore{Permits: 2, Request: "t", Pause: "p"}.Encode())
	wantHolders(t, m, m.Fold(9, []kv.Event{more}), []string{""}, "1.a")
}

func TestOneThatWaitsBeforeThereIsASemaphoreHearsThatThereIs(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{ticket("1.a", 1, 1, 9)})
	first := says("cp/semaphore/pool", 2, 2, value.Semaphore{Permits: 1, Request: "r"}.Encode())
	wantHolders(t, m, m.Fold(2, []kv.Event{first}), []string{"", "1.a"})
}

// Without sessions nobody holds: the first one takes what it came for as soon as it is there.
func TestTheHeadOfASessionlessLineHearsOfAllThatHappensInIt(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{record(1, value.Semaphore{Sessionless: true, Permits: 9})})
	wantHolders(t, m, m.Fold(2, []kv.Event{ticket("-.a", 2, 2, 1)}), []string{"-.a"})
	wantHolders(t, m, m.Fold(3, []kv.Event{ticket("-.b", 3, 3, 1)}), []string{"-.a", "-.b"})
	wantHolders(t, m, m.Fold(4, []kv.Event{record(4, value.Semaphore{Sessionless: true, Permits: 10})}), []string{"", "-.a"})
	wantHolders(t, m, m.Fold(5, []kv.Event{gone(pool + "-.a"), record(5, value.Semaphore{Sessionless: true})}), []string{"", "-.a", "-.b"})
}

func TestARecordThatCanNotBeReadAdmitsNobodyUntilItCan(t *testing.T) {
	m := lent()
	wantHolders(t, m, m.Fold(5, []kv.Event{says("cp/semaphore/pool", 1, 5, []byte("x"))}), []string{""})
	i, s, ok := m.View().Semaphore(pool)
	if i == nil || ok || s != (value.Semaphore{}) {
		t.Errorf("%v says %+v, %v", i, s, ok)
	}
	wantHolders(t, m, m.Fold(6, []kv.Event{record(6, value.Semaphore{Permits: 4})}), []string{"", "1.a", "2.b"}, "1.a", "2.b")
}

func TestATicketThatCpgateDidNotWriteCountsOnePermit(t *testing.T) {
	scribbled := says(pool+"1.a", 2, 5, []byte("x"))
	scribbled.Item.Lease = 1
	detached := ticket("1.a", 2, 5, 2)
	detached.Item.Lease = 0
	for _, foreign := range []kv.Event{scribbled, detached} {
		m := lent()
		wantHolders(t, m, m.Fold(5, []kv.Event{foreign}), []string{"1.a", "2.b"}, "1.a", "2.b")
		if l := m.View().Line(pool); l.Held() != 3 {
			t.Errorf("%d held", l.Held())
		}
	}
}

func TestMemosWithoutASessionStandInTheOrderInWhichTheyCame(t *testing.T) {
	m := newMirror()
	const memos = "cp/memo/-/semaphore/pool/"
	m.Fold(1, []kv.Event{put(memos+"c", 1, 1)})
	m.Fold(2, []kv.Event{put(memos+"a", 2, 2)})
	m.Fold(3, []kv.Event{put(memos+"b", 3, 3)})
	if news := m.Fold(4, []kv.Event{put(memos+"c", 1, 4)}); !slices.Equal(news, []string{memos + "c"}) {
		t.Errorf("news of %q", news)
	}
	wantLine(t, m, memos, "c", "a", "b")
	if l := m.View().Line(memos); l.Admitted() != 0 {
		t.Errorf("%d memos are admitted", l.Admitted())
	}
	m.Fold(5, []kv.Event{gone(memos + "c")})
	m.Fold(6, []kv.Event{put(memos+"c", 6, 6)})
	wantLine(t, m, memos, "a", "b", "c")
}
