package mirror_test

import (
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// put and gone are events; i is what the key is from revision create on, last put in mod.
func put(key string, create, mod kv.Revision) kv.Event {
	return kv.Event{Key: key, Item: &kv.Item{Key: key, Create: create, Mod: mod}}
}

func gone(key string) kv.Event { return kv.Event{Key: key} }

func wantLine(t *testing.T, m *mirror.Mirror, name string, want ...string) {
	t.Helper()
	var got []string
	l := m.View().Line(name)
	for n := range l.Len() {
		got = append(got, l.At(n).Key[len(name):])
	}
	if !slices.Equal(got, want) {
		t.Errorf("line %q, want %q", got, want)
	}
}

func TestATicketWrittenToAgainKeepsItsPlace(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1)})
	m.Fold(2, []kv.Event{put("cp/lock/a/2", 2, 2)})
	m.Fold(3, []kv.Event{put("cp/lock/a/3", 3, 3)})
	if news := m.Fold(4, []kv.Event{put("cp/lock/a/1", 1, 4), put("cp/lock/a/2", 2, 4)}); len(news) != 2 {
		t.Errorf("news %q", news)
	}
	wantLine(t, m, "cp/lock/a/", "1", "2", "3")
	if head := m.View().Line("cp/lock/a/").Head(); head.Mod != 4 || head != m.Get("cp/lock/a/1") {
		t.Errorf("the head is %+v, as it was", head)
	}
}

func TestATicketDeletedAndPutAgainStandsAtTheEnd(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1)})
	m.Fold(2, []kv.Event{put("cp/lock/a/2", 2, 2)})
	m.Fold(3, []kv.Event{gone("cp/lock/a/1")})
	m.Fold(4, []kv.Event{put("cp/lock/a/1", 4, 4)})
	wantLine(t, m, "cp/lock/a/", "2", "1")

	// Nor does it keep its place for a mirror that missed the deletion.
	late := newMirror()
	late.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1)})
	late.Fold(2, []kv.Event{put("cp/lock/a/2", 2, 2)})
	late.Rebuild(4, []*kv.Item{m.Get("cp/lock/a/1"), m.Get("cp/lock/a/2")})
	wantLine(t, late, "cp/lock/a/", "2", "1")
}

func TestAHandOverIsNewsToTheNextInLineAndToNobodyBehind(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1), put("cp/lock/b/1", 1, 1)})
	m.Fold(2, []kv.Event{put("cp/lock/a/2", 2, 2)})
	m.Fold(3, []kv.Event{put("cp/lock/a/3", 3, 3)})
	if news, want := m.Fold(4, []kv.Event{gone("cp/lock/a/1")}), []string{"cp/lock/a/1", "cp/lock/a/2"}; !slices.Equal(news, want) {
		t.Errorf("news %q, want %q", news, want)
	}
}

// X1: a session's keys go in one transaction, and so in one step.
func TestTheEndOfASessionIsOneStep(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/session/1", 1, 1)})
	m.Fold(2, []kv.Event{put("cp/lock/a/1", 2, 2)})
	m.Fold(3, []kv.Event{put("cp/lock/a/1.w", 3, 3)})
	m.Fold(4, []kv.Event{put("cp/lock/a/2", 4, 4)})
	news := m.Fold(5, []kv.Event{gone("cp/lock/a/1"), gone("cp/lock/a/1.w"), gone("cp/session/1")})
	if want := []string{"cp/lock/a/1", "cp/lock/a/1.w", "cp/session/1", "cp/lock/a/2"}; !slices.Equal(news, want) {
		t.Errorf("news %q, want %q: the second ticket of the session never held", news, want)
	}
	wantLine(t, m, "cp/lock/a/", "2")
}

func TestARevisionWithoutEventsOnlyPasses(t *testing.T) {
	m := newMirror()
	m.Fold(7, []kv.Event{put("cp/lock/a/1", 7, 7)})
	if news := m.Fold(9, nil); len(news) != 0 || m.Revision() != 9 {
		t.Errorf("news %q at revision %d", news, m.Revision())
	}
	if news := m.Fold(8, nil); len(news) != 0 || m.Revision() != 9 { // progress may be told late
		t.Errorf("news %q, back to revision %d", news, m.Revision())
	}
}

func TestARebuildThatFindsNothingChangedIsNoNews(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1), put("cp/lock/a/2", 1, 1), put("cp/session/1", 1, 1)})
	same := []*kv.Item{put("cp/lock/a/1", 1, 1).Item, put("cp/lock/a/2", 1, 1).Item, put("cp/session/1", 1, 1).Item}
	if news := m.Rebuild(5, same); len(news) != 0 || m.Revision() != 5 {
		t.Errorf("news %q at revision %d", news, m.Revision())
	}
	wantLine(t, m, "cp/lock/a/", "1", "2")
}

func TestALineThatEverybodyHasLeftIsForgotten(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/lock/a/1", 1, 1)})
	m.Fold(2, []kv.Event{gone("cp/lock/a/1")})
	if l := m.View().Line("cp/lock/a/"); l.Len() != 0 || l.Head() != nil || l.Admitted() != 0 {
		t.Errorf("line %+v", l)
	}
	if got := names(m.View(), "cp/lock/", "", -1); len(got) != 0 {
		t.Errorf("lines %q", got)
	}
	if m.View().Line("cp/lock/a/") != m.View().Line("cp/lock/never/") {
		t.Error("a free lock occupies memory")
	}
}

func TestADeletionOfWhatIsNotThereChangesNothing(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{gone("cp/lock/a/1"), gone("cp/session/1"), gone("")})
	wantLine(t, m, "cp/lock/a/")
	if m.View().Attached(0) != 0 {
		t.Error("a key is attached to no lease")
	}
}
