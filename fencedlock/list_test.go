package fencedlock_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
)

// anyNames are names whose spelling is a trap; no two may share keys.
var anyNames = []string{
	"a", "a/b", "a%2Fb", "a%", "a0", "a!", "a/", "/a", "/", "//", "%", "%2F", "batch-job:123", "x:lock",
	"orders@payments", "ü 锁", " ", ".", "..", "a\x00b", "a\nb", "\x7f", "a.b", strings.Repeat("x", 512),
	strings.Repeat("/", 512), strings.Repeat("锁", 170),
}

// "any UTF-8 name of 1 to 512 bytes works", and none's keys fall under another's.
func TestLock_WorksUnderAnyName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b := g.caller("a"), g.caller("b")
	for n, s := range anyNames {
		name, err := keys.ParseName(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		c := fencedlock.Caller{Session: a.Session, Owner: strings.Repeat("/", n)}
		got, err := g.Lock(t.Context(), fencedlock.LockRequest{Name: name, Caller: c, RequestID: s[:min(63, len(s))], Timeout: within(0)})
		if err != nil || got.Outcome != fencedlock.Acquired || got.HoldCount != 1 {
			t.Fatalf("%q: got %+v, %v", s, got, err)
		}
		got, err = g.Lock(t.Context(), fencedlock.LockRequest{Name: name, Caller: b, RequestID: "r", Timeout: within(0)})
		if err != nil || got.Outcome != fencedlock.NotAcquired || got.Holder.Caller != c {
			t.Fatalf("%q: another got %+v, %v", s, got, err)
		}
	}
	for n, s := range anyNames {
		c := fencedlock.Caller{Session: a.Session, Owner: strings.Repeat("/", n)}
		got, err := g.Unlock(t.Context(), fencedlock.UnlockRequest{Name: keys.Name(s), Caller: c, RequestID: "u"})
		if err != nil || got.HoldCount != 0 {
			t.Fatalf("unlocking %q: got %+v, %v", s, got, err)
		}
	}
	if left := w.left("gateway/", "session/"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// "get: holder, hold count, fence, and the ordered waiters with session, owner, since, position; free = fence 0".
func TestGet_ShowsTheWholeLineInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := []*gateway{w.gateway(), w.gateway()}
	if s, err := gs[0].Get(t.Context(), "never used"); err != nil || s.Fence != 0 || s.Holder != nil || s.HoldCount != 0 || s.WaiterCount != 0 {
		t.Fatalf("a name never used is %+v, %v", s, err)
	}
	var want []fencedlock.Caller
	for n := range 20 {
		g := gs[n%2]
		c := fencedlock.Caller{Session: g.session(fmt.Sprint(n), 60), Owner: strings.Repeat("o", n%3)}
		request := fmt.Sprintf("r%d", n)
		g.begin(lockOf(c, request, patient()))
		w.inLine("orders", request)
		want = append(want, c)
	}
	s, err := gs[0].Get(t.Context(), "orders")
	if err != nil || s.Name != "orders" || s.Holder == nil || s.Fence != s.Holder.Fence || s.HoldCount != 1 || s.WaiterCount != 19 {
		t.Fatalf("got %+v, %v", s, err)
	}
	for n, got := range append([]fencedlock.Ticket{*s.Holder}, s.Waiters...) {
		key := fmt.Sprintf("%slock/orders/%s", w.prefix, got.Caller.Session)
		if got.Caller != want[n] || got.Position != n || got.Since.IsZero() || got.Foreign || !strings.HasPrefix(got.Key, key) {
			t.Errorf("ticket %d is %+v, want %+v", n, got, want[n])
		}
		if n > 0 && got.Fence <= s.Fence {
			t.Errorf("ticket %d has fence %d, the holder %d (L2)", n, got.Fence, s.Fence)
		}
	}
}

// Pages of any size show every held lock once, in the order of the keys, whatever etcdctl put among them.
func TestList_PagesShowEveryHeldLockOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a := g.caller("a")
	for _, s := range anyNames {
		r := fencedlock.LockRequest{Name: keys.Name(s), Caller: a, RequestID: "r"}
		if _, err := g.Lock(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		w.put(strings.TrimPrefix(w.space.LockLine(keys.Name(s)), w.prefix)+"\xff\xff", "")
	}
	for _, key := range []string{"lock/no name%", "lock/%2f/x", "lock/a", "lock//x", "lock/\xff/x", "lock/" + strings.Repeat("y", 513) + "/x", "lock/o@default/x"} {
		w.put(key, "")
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
				if s.Holder == nil || s.Holder.Caller != a || s.WaiterCount != 1 || len(s.Waiters) != 0 {
					t.Errorf("%q is shown as %+v", s.Name, s)
				}
			}
			if after = next; next == "" || len(names) > len(anyNames) {
				break
			}
		}
		if !slices.IsSortedFunc(names, func(a, b string) int {
			return strings.Compare(w.space.LockLine(keys.Name(a)), w.space.LockLine(keys.Name(b)))
		}) {
			t.Errorf("%d: not in the order of the keys: %q", size, names)
		}
		slices.Sort(names)
		if want := slices.Sorted(slices.Values(anyNames)); !slices.Equal(names, want) {
			t.Fatalf("%d: listed %q", size, names)
		}
	}
}

// A page may end with a lock that is free by the time the next one is asked for.
func TestList_GoesOnBehindALockThatIsFreeByNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a := g.caller("a")
	for _, s := range []keys.Name{"a", "b", "c"} {
		if _, err := g.Lock(t.Context(), fencedlock.LockRequest{Name: s, Caller: a, RequestID: "r"}); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err := g.List(t.Context(), "", 2)
	if err != nil || len(page) != 2 {
		t.Fatalf("got %+v, %v", page, err)
	}
	for _, s := range []keys.Name{"a", "b"} {
		if _, err := g.ForceUnlock(t.Context(), s, 0); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err = g.List(t.Context(), next, 2)
	if err != nil || len(page) != 1 || page[0].Name != "c" || next != "" {
		t.Fatalf("got %+v, %q, %v", page, next, err)
	}
}
