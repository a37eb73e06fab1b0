package semaphore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/semaphore"
)

// anyNames are names whose spelling is a trap; no two may share keys.
var anyNames = []string{
	"a", "a/b", "a%2Fb", "a%", "a0", "a!", "a/", "/a", "/", "//", "%", "%2F", "batch-job:123", "x:lock",
	"orders@payments", "ü 锁", " ", ".", "..", "a\x00b", "a\nb", "\x7f", "a.b", "-", strings.Repeat("x", 512),
	strings.Repeat("/", 512), strings.Repeat("锁", 170),
}

// "Names, owners, request ids: 1 to 512 bytes (owner: 0 to 128; request id: 1 to 64), valid UTF-8": any of them works, and
// none's keys fall under another's.
func TestNames_AnyNameOwnerAndRequestIDWorks(t *testing.T) {
	t.Parallel()
	g := newWorld(t).gateway()
	a := g.caller("a")
	for n, s := range anyNames {
		name, err := keys.ParseName(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		r := semaphore.InitRequest{Name: name, Permits: 2, Sessionless: n%2 > 0, RequestID: begin(s, 64)}
		if first, err := g.Init(t.Context(), r); err != nil || !first {
			t.Fatalf("%q: %v, %v", s, first, err)
		}
	}
	for n, s := range anyNames {
		c, id := semaphore.Caller{Session: a.Session, Owner: strings.Repeat("/", n)}, begin(s, 64)
		if n%2 > 0 {
			c = nobody
		}
		for _, attempt := range []int32{0, 1} {
			r := semaphore.AcquireRequest{Name: keys.Name(s), Caller: c, Permits: 2, RequestID: id, Attempt: attempt, Timeout: within(0)}
			if got, err := g.Acquire(t.Context(), r); err != nil || !got.Acquired {
				t.Fatalf("%q: got %+v, %v", s, got, err)
			}
		}
		r := semaphore.ReleaseRequest{Name: keys.Name(s), Caller: c, Permits: 2, RequestID: "u" + begin(s, 63)}
		if got, err := g.Release(t.Context(), r); err != nil || got.Released != 2 {
			t.Fatalf("releasing %q: got %+v, %v", s, got, err)
		}
	}
}

// begin returns the first n bytes, or what is whole of them.
func begin(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }

// "get also lists holders by session and the ordered waiters."
func TestGet_ShowsHoldersBySessionAndTheOrderedWaiters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	before := time.Now().Add(-time.Second)
	gs[0].init(9, false)
	a, b := gs[0].caller("a"), gs[0].caller("b")
	gs[1].current()
	x := semaphore.Caller{Session: a.Session, Owner: "x"}
	gs[1].begin(acquireOf(x, "r1", 2)).acquired()
	gs[0].begin(acquireOf(b, "r2", 3)).acquired()
	gs[1].begin(acquireOf(a, "r3", 1)).acquired()
	gs[0].wait(acquireOf(b, "r4", 4))
	gs[1].wait(acquireOf(x, "r5", 1))
	s, err := gs[1].Get(t.Context(), pool)
	if err != nil || s.Name != "pool" || !s.Initialized || s.Sessionless || s.Permits != 9 || s.Available != 3 || s.HolderCount != 2 || s.WaiterCount != 2 {
		t.Fatalf("got %+v, %v", s, err)
	}
	for _, since := range []time.Time{s.Holders[0].Since, s.Holders[1].Since, s.Waiters[0].Since, s.Waiters[1].Since} {
		if since.Before(before) || since.After(time.Now().Add(time.Second)) {
			t.Errorf("since %v", since)
		}
	}
	for i := range s.Holders {
		s.Holders[i].Since = time.Time{}
		s.Waiters[i].Since = time.Time{}
	}
	key := func(c semaphore.Caller, r string) string {
		return fmt.Sprintf("%ssemaphore/pool/%s.%s", w.prefix, c.Session, r)
	}
	holders := []semaphore.Holder{
		{Session: a.Session, Permits: 3, Key: key(a, "r1")}, {Session: b.Session, Permits: 3, Key: key(b, "r2")},
	}
	waiters := []semaphore.Waiter{
		{Caller: b, Permits: 4, Position: 1, Key: key(b, "r4")}, {Caller: x, Permits: 1, Position: 2, Key: key(x, "r5")},
	}
	if !slices.Equal(s.Holders, holders) || !slices.Equal(s.Waiters, waiters) {
		t.Errorf("got %+v\nand %+v", s.Holders, s.Waiters)
	}
}

// Of those who hold and those who wait the first 1,000 are shown; all are counted.
func TestGet_ShowsTheFirstThousand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.init(semaphore.MaxShown+1, false)
	w.putAll(nobody, 2*semaphore.MaxShown+3, func(n int) (key, value string) {
		return fmt.Sprintf("semaphore/pool/x%05d", n), ""
	})
	s, err := g.Get(t.Context(), pool)
	if err != nil || s.HolderCount != semaphore.MaxShown+1 || len(s.Holders) != semaphore.MaxShown || s.WaiterCount != semaphore.MaxShown+2 || len(s.Waiters) != semaphore.MaxShown {
		t.Fatalf("got %d of %d and %d of %d, %v", len(s.Holders), s.HolderCount, len(s.Waiters), s.WaiterCount, err)
	}
	if last := s.Waiters[len(s.Waiters)-1]; last.Position != semaphore.MaxShown {
		t.Errorf("the last is %+v", last)
	}
}

// "list (paged)": pages of any size show every semaphore once, in the order of the keys, whatever etcdctl put there.
func TestList_PagesShowEverySemaphoreOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	for n, s := range anyNames {
		r := semaphore.InitRequest{Name: keys.Name(s), Permits: 2, Sessionless: n%2 > 0, RequestID: "i"}
		if _, err := g.Init(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		w.put(strings.TrimPrefix(w.space.SemaphoreLine(keys.Name(s)), w.prefix)+"\xff\xff", "")
	}
	for _, key := range []string{"no name%", "%2f/x", "/x", "\xff/x", strings.Repeat("y", 513) + "/x", "o@default/x"} {
		w.put("semaphore/"+key, "")
	}
	for size := 1; size <= len(anyNames)+1; size++ {
		var names []string
		for after := ""; ; {
			page, next, err := g.List(t.Context(), after, size)
			if err != nil || len(page) > size || next != "" && len(page) != size {
				t.Fatalf("%d: page of %d, next %q, %v", size, len(page), next, err)
			}
			for _, s := range page {
				names = append(names, s.Name)
				if !s.Initialized || s.HolderCount+s.WaiterCount != 1 || len(s.Holders)+len(s.Waiters) > 0 {
					t.Errorf("%q is shown as %+v", s.Name, s)
				}
			}
			if after = next; next == "" || len(names) > len(anyNames) {
				break
			}
		}
		if !slices.IsSortedFunc(names, func(a, b string) int {
			return strings.Compare(w.space.SemaphoreLine(keys.Name(a)), w.space.SemaphoreLine(keys.Name(b)))
		}) {
			t.Errorf("%d: not in the order of the keys: %q", size, names)
		}
		slices.Sort(names)
		if want := slices.Sorted(slices.Values(anyNames)); !slices.Equal(names, want) {
			t.Fatalf("%d: listed %q", size, names)
		}
	}
}

// A page may end with a semaphore that is destroyed by the time the next one is asked for.
func TestList_GoesOnBehindASemaphoreThatIsGoneByNow(t *testing.T) {
	t.Parallel()
	g := newWorld(t).gateway()
	for _, s := range []keys.Name{"a", "b", "c"} {
		if _, err := g.Init(t.Context(), semaphore.InitRequest{Name: s, Permits: 1, RequestID: "i"}); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err := g.List(t.Context(), "", 2)
	if err != nil || len(page) != 2 {
		t.Fatalf("got %+v, %v", page, err)
	}
	for _, s := range []keys.Name{"a", "b"} {
		if _, err := g.Destroy(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err = g.List(t.Context(), next, 2)
	if err != nil || len(page) != 1 || page[0].Name != "c" || next != "" {
		t.Fatalf("got %+v, %q, %v", page, next, err)
	}
}
