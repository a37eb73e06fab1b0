package countdownlatch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
)

// anyNames are names whose spelling is a trap; no two may share keys.
var anyNames = []string{
	"a", "a/b", "a%2Fb", "a%", "a0", "a!", "a/", "/a", "/", "//", "%", "%2F", "batch-job:123", "x:await",
	"orders@payments", "ü 锁", " ", ".", "..", "a\x00b", "a\nb", "\x7f", "a.b", "a/7/c", strings.Repeat("x", 512),
	strings.Repeat("/", 512), strings.Repeat("锁", 170),
}

// requestLike is as much of a name as is a request id.
func requestLike(name string) string { return strings.ToValidUTF8(name[:min(64, len(name))], "") }

// "Names, request ids: 1 to 512 bytes (request id: 1 to 64), valid UTF-8": any of them works, and none's keys fall under
// another's.
func TestLatch_WorksUnderAnyNameAndRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	rounds := map[string]countdownlatch.Round{}
	for n, s := range anyNames {
		name, err := keys.ParseName(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		rounds[s] = gs[0].set(name, int32(n)+3, requestLike(s))
	}
	for n, s := range anyNames {
		for again := range 2 { // the second time it counts no more
			if a := gs[again].arrive(keys.Name(s), requestLike(s)); int(a.Remaining) != n+2 || a.Round != rounds[s] {
				t.Errorf("%q: got %+v, want %d left in round %d", s, a, n+2, rounds[s])
			}
		}
	}
	for n, s := range anyNames {
		want := countdownlatch.State{Name: s, Count: int32(n) + 3, Remaining: int32(n) + 2, Round: rounds[s]}
		if got, err := gs[1].Get(t.Context(), keys.Name(s)); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		if gone, err := gs[1].Destroy(t.Context(), keys.Name(s)); err != nil || !gone {
			t.Errorf("%q: destroying got %v, %v", s, gone, err)
		}
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Pages of any size show every latch that was set once, in the order of the keys, whatever etcdctl put among them.
func TestList_PagesShowEveryLatchOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	for _, s := range anyNames {
		g.set(keys.Name(s), 2, "s")
		g.arrive(keys.Name(s), "c")
	}
	for _, key := range []string{"no name%", "%2f", "%2f/1/c", "gone/7/c", "/x", "\xff", strings.Repeat("y", 513), "o@default"} {
		w.put("latch/"+key, `{"count":1,"request":"r"}`)
	}
	for size := 1; size <= len(anyNames)+1; size++ {
		names := g.pages(size)
		inOrder := slices.IsSortedFunc(names, func(a, b string) int {
			return strings.Compare(w.space.Latch(keys.Name(a))+"/", w.space.Latch(keys.Name(b))+"/")
		})
		if !inOrder {
			t.Errorf("%d: not in the order of the keys: %q", size, names)
		}
		slices.Sort(names)
		if want := slices.Sorted(slices.Values(anyNames)); !slices.Equal(names, want) {
			t.Fatalf("%d: listed %q", size, names)
		}
	}
}

// pages returns the names on all pages of that size.
func (g *gateway) pages(size int) (names []string) {
	g.w.t.Helper()
	for after := ""; ; {
		page, next, err := g.List(g.w.t.Context(), after, size)
		if err != nil || len(page) > size || next != "" && len(page) != size {
			g.w.t.Fatalf("%d: page of %d, next %q, %v", size, len(page), next, err)
		}
		for _, s := range page {
			names = append(names, s.Name)
			if s.Count != 2 || s.Remaining != 1 || s.Round == 0 {
				g.w.t.Errorf("%q is shown as %+v", s.Name, s)
			}
		}
		if after = next; next == "" || len(names) > len(anyNames) {
			return names
		}
	}
}

// A page may end with a latch that is gone by the time the next one is asked for.
func TestList_GoesOnBehindALatchThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	for _, n := range []keys.Name{"a", "b", "c"} {
		g.set(n, 1, "s")
	}
	page, next, err := g.List(t.Context(), "", 2)
	if err != nil || len(page) != 2 {
		t.Fatalf("got %+v, %v", page, err)
	}
	for _, n := range []keys.Name{"a", "b"} {
		if _, err := g.Destroy(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err = g.List(t.Context(), next, 2)
	if err != nil || len(page) != 1 || page[0].Name != "c" || next != "" {
		t.Fatalf("got %+v, %q, %v", page, next, err)
	}
}
