package memo_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
)

const (
	session = kv.LeaseID(0x7a)
	shelf   = kv.LeaseID(0x5e1f)
)

var space = keys.NewSpace("cp/")

func own(n int) string { return space.LockMemo(int64(session), "a", fmt.Sprintf("r%05d", n)) }

func shared(n int) string { return space.SemaphoreMemo(0, "a", fmt.Sprintf("r%05d", n)) }

func note(key string) memo.Note { return memo.Note{Key: key, Value: []byte("of " + key)} }

// written is an etcd that holds memos.
type written struct {
	t      *testing.T
	mirror *mirror.Mirror
}

func newWritten(t *testing.T) *written { return &written{t, mirror.New(space)} }

// commit does, as one transaction, what must put nothing but the notes, on the lease, and touch no key twice.
func (w *written) commit(lease kv.LeaseID, ops []kv.Op, notes ...memo.Note) {
	w.t.Helper()
	rev := w.mirror.Revision() + 1
	var events []kv.Event
	touched, noted := map[string]bool{}, map[string]bool{}
	for _, n := range notes {
		noted[n.Key] = true
	}
	for _, o := range ops {
		if touched[o.Key] || o.Prefix {
			w.t.Errorf("%q is touched twice", o.Key)
		}
		touched[o.Key] = true
		e := kv.Event{Key: o.Key}
		if !o.Delete {
			e.Item = &kv.Item{Key: o.Key, Value: o.Value, Lease: o.Lease, Create: rev, Mod: rev}
			if old := w.mirror.Get(o.Key); old != nil {
				e.Item.Create = old.Create
			}
			if o.Lease != lease || !noted[o.Key] {
				w.t.Errorf("puts %+v", o)
			}
		}
		events = append(events, e)
	}
	w.mirror.Fold(rev, events)
	for _, n := range notes {
		if w.mirror.Get(n.Key) == nil {
			w.t.Errorf("%q is not there", n.Key)
		}
	}
}

func (w *written) keep(notes ...memo.Note) {
	w.t.Helper()
	w.commit(session, memo.Keep(w.mirror.View(), session, notes...), notes...)
}

func (w *written) share(notes ...memo.Note) (ops []kv.Op) {
	w.t.Helper()
	ops = memo.KeepShared(w.mirror.View(), space.SemaphoreMemos(0, "a"), shelf, notes...)
	w.commit(shelf, ops, notes...)
	return ops
}

// below returns the keys that start with prefix, in their order.
func (w *written) below(prefix string) (all []string) {
	w.mirror.View().Scan(prefix, "", func(i *kv.Item) bool {
		all = append(all, i.Key)
		return true
	})
	return all
}

func (w *written) memos() []string { return w.below(space.SessionMemos(int64(session))) }

// upTo are the keys of so many.
func upTo(key func(int) string, from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, key(n))
	}
	return all
}

func TestTheLastHundredMemosOfASessionAreKept(t *testing.T) {
	w := newWritten(t)
	w.commit(session+1, []kv.Op{kv.Put(space.LockMemo(int64(session)+1, "a", "r"), nil, session+1)}, note(space.LockMemo(int64(session)+1, "a", "r")))
	for n := range 250 {
		w.keep(note(own(n)))
		if want := upTo(own, max(0, n+1-memo.PerSession), n+1); !slices.Equal(w.memos(), want) {
			t.Fatalf("%d are kept of %d: %q", len(w.memos()), n+1, w.memos())
		}
	}
	if got := w.mirror.Get(own(249)); string(got.Value) != "of "+own(249) {
		t.Errorf("%q", got.Value)
	}
	if got := w.below("cp/memo/7b/"); len(got) != 1 {
		t.Errorf("of another session %q are kept", got)
	}
}

// A session's memos are kept together, whatever they are of.
func TestTheOldestGoOfWhateverTheyAre(t *testing.T) {
	w := newWritten(t)
	for n := range memo.PerSession / 2 {
		w.keep(note(space.SemaphoreMemo(int64(session), "z", fmt.Sprint(n))))
		w.keep(note(space.LockMemo(int64(session), "a", fmt.Sprint(n))))
	}
	w.keep(note(space.Forced(int64(session), "a", 7)))
	if got := w.memos(); len(got) != memo.PerSession || w.mirror.Get(space.SemaphoreMemo(int64(session), "z", "0")) != nil {
		t.Errorf("%d are kept: %q", len(got), got)
	}
	w.keep(note(space.Forced(int64(session), "a", 8)))
	if got := w.memos(); len(got) != memo.PerSession || w.mirror.Get(space.LockMemo(int64(session), "a", "0")) != nil {
		t.Errorf("%d are kept: %q", len(got), got)
	}
}

func TestNotesOfOneTransactionAreKeptTogetherAndEachOnce(t *testing.T) {
	w := newWritten(t)
	for n := range memo.PerSession {
		w.keep(note(own(n)))
	}
	w.keep(note(own(200)), memo.Note{Key: own(200), Value: []byte("another")}, note(own(201)))
	if got := w.mirror.Get(own(200)); string(got.Value) != "of "+own(200) {
		t.Errorf("%q: the first one counts", got.Value)
	}
	if got := w.memos(); len(got) < memo.PerSession-1 || len(got) > memo.PerSession || !slices.Contains(got, own(99)) {
		t.Errorf("%d are kept: %q", len(got), got)
	}
	if ops := memo.Keep(w.mirror.View(), session); len(ops) != 0 {
		t.Errorf("nothing to note, and yet %v", ops)
	}
}

// A memo that is written over, even the oldest one, is not dropped in the same transaction: etcd would not have it.
func TestAMemoWrittenOverStays(t *testing.T) {
	for _, more := range []int{0, 1, 3} {
		w := newWritten(t)
		for n := range memo.PerSession {
			w.keep(note(own(n)))
		}
		notes := []memo.Note{note(own(0))}
		for n := range more {
			notes = append(notes, note(own(200+n)))
		}
		w.keep(notes...)
		if got := len(w.memos()); got < memo.PerSession-1 || got > memo.PerSession {
			t.Errorf("with %d more, %d are kept", more, got)
		}
	}
}

// A view of the past lets one too many come. They go later, though not too many at a time.
func TestWhatIsTooManyGoesWithTheNextOne(t *testing.T) {
	for _, surplus := range []int{0, 1, 7, 99, 100, 250} {
		w := newWritten(t)
		for n := range memo.PerSession + surplus {
			w.commit(session, []kv.Op{kv.Put(own(n), nil, session)}, note(own(n)))
		}
		before := len(w.memos())
		w.keep(note(own(999)))
		after := len(w.memos())
		if gone := before + 1 - after; gone != min(surplus+1, memo.PerSession) {
			t.Errorf("%d too many: %d are gone at once", surplus, gone)
		}
		if want := append(upTo(own, before+1-after, before), own(999)); !slices.Equal(w.memos(), want) {
			t.Errorf("%d too many: left are %q", surplus, w.memos())
		}
	}
}

func TestMoreNotesThanAreKeptAreAllPut(t *testing.T) {
	w := newWritten(t)
	w.keep(note(own(0)), note(own(1)))
	var notes []memo.Note
	for n := range memo.PerSession + 20 {
		notes = append(notes, note(own(1000+n)))
	}
	w.keep(notes...) // which sees to it that each is there
	if w.mirror.Get(own(0)) != nil || w.mirror.Get(own(1)) != nil {
		t.Error("older ones are kept")
	}
	w.keep(note(own(2000)))
	if got := len(w.memos()); got != memo.PerSession {
		t.Errorf("%d are kept", got)
	}
}

// filled holds n memos without a session, the oldest of which has the highest key.
func filled(t *testing.T, n int) *written {
	w := newWritten(t)
	var events []kv.Event
	for i := range n {
		events = append(events, kv.Event{Key: shared(n - i), Item: &kv.Item{Key: shared(n - i), Create: kv.Revision(i + 1), Mod: kv.Revision(i + 1)}})
	}
	w.mirror.Fold(kv.Revision(n), events)
	return w
}

func (w *written) sharedMemos() int { return w.mirror.View().Line(space.SemaphoreMemos(0, "a")).Len() }

func TestTheLastTenThousandMemosOfANameAreKept(t *testing.T) {
	w := filled(t, memo.PerName-1)
	oldest, second := shared(memo.PerName-1), shared(memo.PerName-2)
	if ops := w.share(note(shared(20_000))); len(ops) != 1 || w.sharedMemos() != memo.PerName {
		t.Errorf("%d are kept, by %v", w.sharedMemos(), ops)
	}
	w.share(note(shared(20_001)))
	if w.sharedMemos() != memo.PerName || w.mirror.Get(oldest) != nil || w.mirror.Get(second) == nil {
		t.Errorf("%d are kept", w.sharedMemos())
	}
	w.share(note(space.SemaphoreMemo(0, "b", "r")))
	if w.sharedMemos() >= memo.PerName+1 || w.mirror.Get(space.SemaphoreMemo(0, "b", "r")) == nil {
		t.Errorf("%d are kept", w.sharedMemos())
	}
}

// Many calls at once put one each, in the same view; each drops two of those that are too many.
func TestMemosThatAreTooManyGoTwoAtATime(t *testing.T) {
	const surplus = 5
	w := filled(t, memo.PerName+surplus)
	for n := range surplus + 3 {
		before := w.sharedMemos()
		w.share(note(shared(20_000 + n)))
		if got, want := w.sharedMemos(), max(memo.PerName, before-1); got != want {
			t.Errorf("%d were there and %d are, want %d", before, got, want)
		}
	}
	for n := range surplus {
		if w.mirror.Get(shared(memo.PerName+surplus-n)) != nil {
			t.Errorf("the oldest but %d is still there", n)
		}
	}
}

// Calls that are committed as one have one view, and what two of them drop goes once: so they are not to drop the same.
func TestMemosOfCallsInOneTransactionDoNotPileUp(t *testing.T) {
	const calls = 60
	w := filled(t, memo.PerName)
	for round := range 50 {
		var notes []memo.Note
		var all []kv.Op
		for n := range calls {
			notes = append(notes, note(shared(20_000+round*calls+n)))
			for _, o := range memo.KeepShared(w.mirror.View(), space.SemaphoreMemos(0, "a"), shelf, notes[n]) {
				if !slices.ContainsFunc(all, func(a kv.Op) bool { return a.Key == o.Key }) {
					all = append(all, o)
				}
			}
		}
		w.commit(shelf, all, notes...)
		if got := w.sharedMemos(); got < memo.PerName || got > memo.PerName+3*calls {
			t.Fatalf("%d are kept after %d rounds", got, round+1)
		}
	}
}

func TestASharedMemoWrittenOverStaysAndKeepsItsPlace(t *testing.T) {
	w := filled(t, memo.PerName+1)
	oldest := shared(memo.PerName + 1)
	w.share(note(oldest))
	if i := w.mirror.Get(oldest); string(i.Value) != "of "+oldest || i.Lease != shelf {
		t.Errorf("%+v", i)
	}
	if got := w.sharedMemos(); got != memo.PerName {
		t.Errorf("%d are kept", got)
	}
	w.share(note(shared(20_000)))
	if w.mirror.Get(oldest) != nil {
		t.Error("the oldest one is still there")
	}
}

// As when a semaphore is destroyed for which many wait: of all their requests there are to be memos.
func TestSharedNotesOfOneTransactionAreKeptTogetherAndEachOnce(t *testing.T) {
	for _, c := range []struct{ there, notes, dropped int }{
		{0, 0, 0},
		{memo.PerName, 0, 0},
		{0, 3, 0},
		{memo.PerName - 2, 3, 1},
		{memo.PerName, 3, 3},
		{memo.PerName + 2, 3, 5},
		{memo.PerName + 9, 3, 6}, // two for each
		{1, memo.PerName + 5, 1}, // no more than there are
	} {
		w := filled(t, c.there)
		var notes []memo.Note
		for n := range c.notes {
			notes = append(notes, note(shared(20_000+n)))
		}
		w.share(notes...)
		if got, want := w.sharedMemos(), c.there+c.notes-c.dropped; got != want {
			t.Errorf("of %d and %d more %d are kept, want %d", c.there, c.notes, got, want)
		}
	}
	w := filled(t, memo.PerName+2)
	oldest := shared(memo.PerName + 2) // is written over, and so not dropped
	w.share(note(shared(20_000)), note(oldest), memo.Note{Key: oldest, Value: []byte("another")}, note(shared(20_001)))
	if got := w.mirror.Get(oldest); string(got.Value) != "of "+oldest {
		t.Errorf("%q: the first one counts", got.Value)
	}
}

// However calls on views of the past follow each other, there never are many more than there should be.
func TestLateViewsNeverLetMemosPileUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := newWritten(t)
	for n := 0; n < 600; {
		v := w.mirror.View()
		var all [][]kv.Op
		var notes []memo.Note
		for range 1 + r.IntN(8) { // that look at the same time
			notes = append(notes, note(own(n)))
			all = append(all, memo.Keep(v, session, notes[len(notes)-1]))
			n++
		}
		for i, ops := range all {
			w.commit(session, ops, notes[i])
		}
		if got := len(w.memos()); got > memo.PerSession+8 {
			t.Fatalf("%d are kept", got)
		}
	}
}
