package mirror_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

func TestPagesOfKeysAreTheWholeInOrder(t *testing.T) {
	play(func(_ uint64, h *history) {
		m := newMirror()
		for range 30 {
			r := h.next()
			m.Fold(r.rev, r.events)
		}
		for _, prefix := range []string{"", "cp/", "cp/lock/", "cp/lock/a", "cp/lock/a/", "cp/session/", "cp/session/2", "cq", "cp/lock/a/x/y/z"} {
			want := slices.DeleteFunc(h.all(), func(i *kv.Item) bool { return !strings.HasPrefix(i.Key, prefix) })
			for size := 1; size < 5; size++ {
				var got []*kv.Item
				for from := ""; ; {
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

func TestPagesOfLinesAreTheWholeInOrder(t *testing.T) {
	play(func(_ uint64, h *history) {
		m := newMirror()
		for range 30 {
			r := h.next()
			m.Fold(r.rev, r.events)
		}
		want := names(m.View(), "cp/lock/", "", -1)
		if !slices.IsSorted(want) {
			t.Fatalf("lines %q", want)
		}
		for size := 1; size < 5; size++ {
			var got []string
			for from := ""; ; {
				page := names(m.View(), "cp/lock/", from, size)
				if got = append(got, page...); len(page) < size {
					break
				}
				from = page[size-1]
			}
			if !slices.Equal(got, want) {
				t.Fatalf("pages of %d: %q, want %q", size, got, want)
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
