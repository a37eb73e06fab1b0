package mirror_test

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// lineOf says, from scratch, which line a key stands in: "" for none.
func lineOf(key string) string {
	parts := strings.SplitN(key, "/", 4)
	if len(parts) < 4 || parts[0] != "cp" || parts[1] != "lock" || parts[2] == "" {
		return ""
	}
	return strings.Join(parts[:3], "/") + "/"
}

// lines says, from scratch, who stands in which line: sorted by create revision and key.
func (h *history) lines() map[string][]*kv.Item {
	all := map[string][]*kv.Item{}
	for _, i := range h.items {
		if l := lineOf(i.Key); l != "" {
			all[l] = append(all[l], i)
		}
	}
	for _, items := range all {
		slices.SortFunc(items, func(a, b *kv.Item) int {
			return cmp.Or(cmp.Compare(a.Create, b.Create), cmp.Compare(a.Key, b.Key))
		})
	}
	return all
}

// heads says which tickets hold.
func (h *history) heads() map[*kv.Item]bool {
	heads := map[*kv.Item]bool{}
	for _, l := range h.lines() {
		heads[l[0]] = true
	}
	return heads
}

func newMirror() *mirror.Mirror { return mirror.New(keys.NewSpace("cp/")) }

// equal reports every difference between a mirror and the history it has seen.
func equal(t *testing.T, m *mirror.Mirror, h *history) {
	t.Helper()
	v := m.View()
	if v.Revision() != h.rev || m.Revision() != h.rev {
		t.Fatalf("at revision %d, want %d", v.Revision(), h.rev)
	}
	for _, key := range pool {
		if v.Get(key) != h.items[key] || m.Get(key) != h.items[key] {
			t.Fatalf("revision %d: Get(%q) = %v, want %v", h.rev, key, v.Get(key), h.items[key])
		}
	}
	if got := scan(v, "", "", -1); !slices.Equal(got, h.all()) {
		t.Fatalf("revision %d: %v, want %v", h.rev, got, h.all())
	}
	for lease := range kv.LeaseID(5) {
		n := len(slices.DeleteFunc(h.all(), func(i *kv.Item) bool { return i.Lease != lease }))
		if lease != 0 && v.Attached(lease) != n {
			t.Fatalf("revision %d: %d keys on lease %d, want %d", h.rev, v.Attached(lease), lease, n)
		}
	}
	equalLines(t, v, h)
}

func equalLines(t *testing.T, v mirror.View, h *history) {
	t.Helper()
	want := h.lines()
	if got := names(v, "", "", -1); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("revision %d: lines %q, want %q", h.rev, got, slices.Sorted(maps.Keys(want)))
	}
	for name, tickets := range want {
		l := v.Line(name)
		var got []*kv.Item
		for n := range l.Len() {
			got = append(got, l.At(n))
		}
		if !slices.Equal(got, tickets) || l.Admitted() != 1 || l.Head() != tickets[0] {
			t.Fatalf("revision %d: line %q: %v, %d hold, want %v", h.rev, name, got, l.Admitted(), tickets)
		}
	}
}

// scan returns what Scan shows, up to limit items.
func scan(v mirror.View, prefix, from string, limit int) (items []*kv.Item) {
	v.Scan(prefix, from, func(i *kv.Item) bool {
		items = append(items, i)
		return len(items) != limit
	})
	return items
}

// names returns the names of the groups that Groups shows, up to limit.
func names(v mirror.View, prefix, from string, limit int) (names []string) {
	v.Groups(prefix, from, func(name string) bool {
		names = append(names, name)
		return len(names) != limit
	})
	return names
}

// play runs f on many random histories.
func play(f func(seed uint64, h *history)) {
	for seed := range uint64(60) {
		f(seed, newHistory(rand.New(rand.NewPCG(seed, 2))))
	}
}

func TestAMirrorIsAtEveryRevisionAsItsDumbTwin(t *testing.T) {
	play(func(_ uint64, h *history) {
		m := newMirror()
		for range 60 {
			before := h.heads()
			r := h.next()
			wantNews(t, m.Fold(r.rev, r.events), keysOf(r.events), newHeads(before, h))
			equal(t, m, h)
		}
	})
}

// A watch that catches up brings many revisions in one response.
func TestManyRevisionsFoldedAtOnceAreAsOneAfterTheOther(t *testing.T) {
	play(func(_ uint64, h *history) {
		m := newMirror()
		for range 10 {
			var events []kv.Event
			before := h.heads()
			for range 1 + h.r.IntN(8) {
				events = append(events, h.next().events...)
			}
			news := m.Fold(h.rev, events)
			equal(t, m, h)
			for _, key := range append(keysOf(events), newHeads(before, h)...) {
				if !slices.Contains(news, key) {
					t.Fatalf("revision %d: nothing new of %q", h.rev, key)
				}
			}
		}
	})
}

func TestAMirrorRebuiltLateEndsAsOneThatFollowed(t *testing.T) {
	play(func(seed uint64, h *history) {
		m := newMirror()
		for range 10 {
			old, before := maps.Clone(h.items), h.heads()
			for range h.r.IntN(12) {
				h.next()
			}
			wantNews(t, m.Rebuild(h.rev, h.all()), changed(old, h.items), newHeads(before, h))
			equal(t, m, h)
			for range h.r.IntN(3) { // and follows from there
				r := h.next()
				m.Fold(r.rev, r.events)
				equal(t, m, h)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	})
}

// wantNews wants news of all that changed and of all that were admitted, and of nothing else: whoever waits for
// another key is not woken.
func wantNews(t *testing.T, news, changed, admitted []string) {
	t.Helper()
	want := slices.Concat(changed, admitted)
	slices.Sort(want)
	slices.Sort(news)
	if want, news := slices.Compact(want), slices.Compact(news); !slices.Equal(news, want) {
		t.Fatalf("news of %q, want %q", news, want)
	}
}

func keysOf(events []kv.Event) (keys []string) {
	for _, e := range events {
		keys = append(keys, e.Key)
	}
	return keys
}

// newHeads are the tickets that hold now and did not before; a ticket that was only written to is not among them.
func newHeads(before map[*kv.Item]bool, h *history) (keys []string) {
	held := map[string]kv.Revision{}
	for i := range before {
		held[i.Key] = i.Create
	}
	for i := range h.heads() {
		if held[i.Key] != i.Create {
			keys = append(keys, i.Key)
		}
	}
	return keys
}

func changed(old, now map[string]*kv.Item) (keys []string) {
	for _, key := range pool {
		if old[key] != now[key] {
			keys = append(keys, key)
		}
	}
	return keys
}
