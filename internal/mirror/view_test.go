package mirror_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

func TestPagesOfKeysAreTheWholeInOrder(t *testing.T) {
	play(t, func(t *testing.T, h *history) {
		m := newMirror()
		for range 30 {
			r := h.next()
			m.Fold(r.rev, r.events)
		}
		for _, prefix := range []string{
			"", "cp/", "cp/lock/", "cp/lock/a", "cp/lock/a/", "cp/session/", "cp/session/2", "cq", "cp/lock/a/x/y/z",
			"cp/semaphore/a/", "cp/semaphore/a/1.", "cp/latch/", "cp/memo/-/semaphore/a/",
		} {
			want := slices.DeleteFunc(h.all(), func(i *kv.Item) bool { return !strings.HasPrefix(i.Key, prefix) })
			for size := 1; size < 5; size++ {
				var got []*kv.Item
				for from := ""; len(got) <= len(want); {
					page := scan(m.View(), prefix, from, size)
					if got = append(got, page...); len(page) < size {
						break
					}
					from = page[size-1].Key + "\x00"
				}
				if !slices.Equal(got, want) {
					t.Fatalf("pages of %d below %q: %v, want %v", size, prefix, got, want)
				}
			}
		}
	})
}

var groupRoots = []string{"", "cp/", "cp/lock/", "cp/semaphore/", "cp/latch/", "cp/memo/-/semaphore/"}

func TestPagesOfGroupsAreTheWholeInOrder(t *testing.T) {
	play(t, func(t *testing.T, h *history) {
		m := newMirror()
		for range 30 {
			r := h.next()
			m.Fold(r.rev, r.events)
		}
		for _, root := range groupRoots {
			want := h.names(root, "")
			for size := 1; size < 5; size++ {
				var got []string
				for after := ""; len(got) <= len(want); {
					page := names(m.View(), root, after, size)
					if got = append(got, page...); len(page) < size {
						break
					}
					after = page[size-1]
				}
				if !slices.Equal(got, want) {
					t.Fatalf("pages of %d below %q: %q, want %q", size, root, got, want)
				}
			}
		}
	})
}

// names are the groups below root and behind after.
func (h *history) names(root, after string) (all []string) {
	for name := range h.groups() {
		if strings.HasPrefix(name, root) && name > after {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// The group behind which a page begins may be gone by then, and one that never was is as good.
func TestAPageBehindAnyGroupBeginsWithTheNextOne(t *testing.T) {
	play(t, func(t *testing.T, h *history) {
		m := newMirror()
		for range 40 {
			r := h.next()
			m.Fold(r.rev, r.events)
		}
		for _, root := range groupRoots {
			for after := range h.everGroups() {
				if got, want := names(m.View(), root, after, -1), h.names(root, after); !slices.Equal(got, want) {
					t.Fatalf("below %q and behind %q: %q, want %q", root, after, got, want)
				}
			}
		}
	})
}

func TestAScanFromBeforeItsPrefixBeginsWithIt(t *testing.T) {
	m := newMirror()
	m.Fold(1, []kv.Event{put("cp/a", 1, 1), put("cp/lock/a/1", 1, 1), put("cp/z", 1, 1)})
	if got := scan(m.View(), "cp/lock/", "cp/a", -1); len(got) != 1 || got[0].Key != "cp/lock/a/1" {
		t.Errorf("%v", got)
	}
	if got := scan(m.View(), "cp/lock/", "cp/z", -1); len(got) != 0 {
		t.Errorf("%v", got)
	}
	if got := names(m.View(), "cp/lock/", "cp/z", -1); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
