package mirror_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

func newMirror() *mirror.Mirror { return mirror.New(keys.NewSpace("cp/")) }

// play runs f on many random histories: of locks, of semaphores, of latches, and of all together.
func play(t *testing.T, f func(t *testing.T, h *history)) {
	t.Helper()
	for seed := range uint64(60) {
		pools := [][][]string{{locks}, {semaphores}, {latches}, {locks, semaphores, latches}}[seed%4]
		h := newHistory(rand.New(rand.NewPCG(seed, 2)), pools...)
		if !t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { f(t, h) }) {
			return
		}
	}
}

func TestAMirrorIsAtEveryRevisionAsItsDumbTwin(t *testing.T) {
	play(t, func(t *testing.T, h *history) {
		m := newMirror()
		for range 60 {
			before := h.groups()
			r := h.next()
			wantNews(t, m.Fold(r.rev, r.events), newsOf(before, h.groups(), changedBy(r.events)))
			equal(t, m, h)
		}
	})
}

// A watch that catches up brings many revisions in one response.
func TestManyRevisionsFoldedAtOnceAreAsOneAfterTheOther(t *testing.T) {
	play(t, func(t *testing.T, h *history) {
		m := newMirror()
		for range 10 {
			var events []kv.Event
			before := h.groups()
			for range 1 + h.r.IntN(8) {
				events = append(events, h.next().events...)
			}
			wantNews(t, m.Fold(h.rev, events), newsOf(before, h.groups(), changedBy(events)))
			equal(t, m, h)
		}
	})
}

// R1: state after a rebuilt mirror equals the state before it.
func TestAMirrorRebuiltLateEndsAsOneThatFollowed(t *testing.T) {
	play(t, func(t *testing.T, h *history) {
		m := newMirror()
		for range 10 {
			old, before := maps.Clone(h.items), h.groups()
			for range h.r.IntN(12) {
				h.next()
			}
			wantNews(t, m.Rebuild(h.rev, h.all()), newsOf(before, h.groups(), h.changedSince(old)))
			equal(t, m, h)
			for range h.r.IntN(3) { // and follows from there
				r := h.next()
				m.Fold(r.rev, r.events)
				equal(t, m, h)
			}
			fresh := newMirror()
			fresh.Rebuild(h.rev, h.all())
			equal(t, fresh, h)
		}
	})
}

// wantNews wants news of all that changed and of all whose answer changed, and of nothing else: whoever waits for
// another key is not woken.
func wantNews(t *testing.T, news, want []string) {
	t.Helper()
	slices.Sort(news)
	if news := slices.Compact(news); !slices.Equal(news, want) {
		t.Fatalf("news of %q, want %q", news, want)
	}
}

func changedBy(events []kv.Event) (keys []string) {
	for _, e := range events {
		keys = append(keys, e.Key)
	}
	return keys
}

func (h *history) changedSince(old map[string]*kv.Item) (keys []string) {
	for key := range h.ever {
		if old[key] != h.items[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// equal reports every difference between a mirror and the history it has seen.
func equal(t *testing.T, m *mirror.Mirror, h *history) {
	t.Helper()
	v := m.View()
	if v.Revision() != h.rev || m.Revision() != h.rev {
		t.Fatalf("at revision %d, want %d", v.Revision(), h.rev)
	}
	for key := range h.ever {
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
	groups := h.groups()
	if got := names(v, "", "", -1); !slices.Equal(got, slices.Sorted(maps.Keys(groups))) {
		t.Fatalf("revision %d: groups %q, want %q", h.rev, got, slices.Sorted(maps.Keys(groups)))
	}
	for name := range h.everGroups() {
		equalLine(t, v, name, groups[name])
		equalRecord(t, v, name, groups[name])
	}
}

// everGroups are the groups that ever were, also those that are gone.
func (h *history) everGroups() map[string]bool {
	all := map[string]bool{}
	for key := range h.ever {
		if name, _ := groupOf(key); name != "" {
			all[name] = true
		}
	}
	return all
}

func equalLine(t *testing.T, v mirror.View, name string, want group) {
	t.Helper()
	l := v.Line(name)
	var got []*kv.Item
	for n := range l.Len() {
		got = append(got, l.At(n))
	}
	if !slices.Equal(got, want.line) || l.Admitted() != want.admitted || l.Held() != want.held {
		t.Fatalf("revision %d: line %q: %q, %d hold %d, want %q, %d hold %d",
			v.Revision(), name, keysOf(got), l.Admitted(), l.Held(), keysOf(want.line), want.admitted, want.held)
	}
	if head := l.Head(); (head == nil) != (len(want.line) == 0) || head != nil && head != want.line[0] {
		t.Fatalf("revision %d: line %q: head %v", v.Revision(), name, head)
	}
}

func equalRecord(t *testing.T, v mirror.View, name string, want group) {
	t.Helper()
	record, s, readable := v.Semaphore(name)
	if record != want.record || s.Permits != want.semaphore.Permits || s.Sessionless != want.semaphore.Sessionless ||
		(s.Through == nil) != (want.semaphore.Through == nil) || readable != want.readable {
		t.Fatalf("revision %d: semaphore %q: %v says %+v, %v, want %v, %+v, %v",
			v.Revision(), name, record, s, readable, want.record, want.semaphore, want.readable)
	}
	record, l, remaining, readable := v.Latch(name)
	if record != want.record || l != want.latch || remaining != want.remaining || readable != want.readable {
		t.Fatalf("revision %d: latch %q: %v says %+v, %d remain, %v, want %v, %+v, %d, %v",
			v.Revision(), name, record, l, remaining, readable, want.record, want.latch, want.remaining, want.readable)
	}
	rounds := append(slices.Collect(maps.Keys(want.arrivals)), 0, 7)
	if record != nil {
		rounds = append(rounds, int64(record.Mod))
	}
	for _, round := range rounds {
		if got := v.Arrivals(name, round); got != want.arrivals[round] {
			t.Fatalf("revision %d: %q has %d arrivals in round %d, want %d", v.Revision(), name, got, round, want.arrivals[round])
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
func names(v mirror.View, root, after string, limit int) (names []string) {
	v.Groups(root, after, func(name string) bool {
		names = append(names, name)
		return len(names) != limit
	})
	return names
}
