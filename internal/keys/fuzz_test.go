package keys_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

// pairs adds each name with the next one.
func pairs(add func(one, other string)) {
	for n, s := range segments {
		add(s.text, segments[(n+1)%len(segments)].text)
	}
	add("a", "a@default")
	add("a@default@default", "a@default")
}

func FuzzNames(f *testing.F) {
	pairs(func(one, other string) { f.Add(one, other) })
	f.Fuzz(func(t *testing.T, one, other string) {
		a, err := keys.ParseName(one)
		if err != nil {
			return
		}
		if again, err := keys.ParseName(string(a)); err != nil || again != a {
			t.Errorf("ParseName(%q) = %q, which it makes %q, %v", one, a, again, err)
		}
		b, err := keys.ParseName(other)
		for _, r := range slices.Concat(roots, sharedMemos) {
			group := r.group(a)
			if n, ok := keys.NameOf(r.root, group); !ok || n != a {
				t.Errorf("NameOf(%q) = %q, %v, want %q", group, n, ok, a)
			}
			if err != nil || a == b {
				continue
			}
			if g := r.group(b); strings.HasPrefix(g, group) || strings.HasPrefix(group, g) {
				t.Errorf("the groups of %q and %q meet: %q and %q", a, b, group, g)
			}
		}
	})
}

// FuzzKeys spells keys of every kind: each is in the group of its name or in none, and what it tells is what it was
// spelled of.
func FuzzKeys(f *testing.F) {
	for n, s := range segments {
		f.Add(s.text, int64(n+1), requests[n%len(requests)].text)
	}
	f.Add("a", int64(1), "")
	f.Fuzz(func(t *testing.T, name string, id int64, request string) {
		n, err := keys.ParseName(name)
		if err != nil || id <= 0 || keys.CheckOwner(request) != nil {
			return
		}
		key := space.LockTicket(n, id, request)
		within(t, key, space.LockLine(n), keys.LockTicket)
		if s, o, ok := keys.ParseLockTicket(space.LockLine(n), key); !ok || s != id || o != request {
			t.Errorf("ParseLockTicket(%q) = %x, %q, %v, want %x, %q", key, s, o, ok, id, request)
		}
		if keys.CheckRequestID(request) != nil {
			return
		}
		for _, sid := range []int64{0, id} {
			key := space.SemaphoreTicket(n, sid, request)
			within(t, key, space.SemaphoreLine(n), keys.SemaphoreTicket)
			if s, r, ok := keys.ParseSemaphoreTicket(space.SemaphoreLine(n), key); !ok || s != sid || r != request {
				t.Errorf("ParseSemaphoreTicket(%q) = %x, %q, %v, want %x, %q", key, s, r, ok, sid, request)
			}
		}
		key = space.Arrival(n, id, request)
		group, _ := space.GroupOf(space.Latch(n))
		if rest, ok := strings.CutPrefix(key, space.LatchRound(n, id)); !ok || strings.Contains(rest, "/") {
			t.Errorf("%q must stand directly below %q", key, space.LatchRound(n, id))
		}
		if g, kind := space.GroupOf(key); g != group || kind != keys.Arrival {
			t.Errorf("GroupOf(%q) = %q, %d, want %q", key, g, kind, group)
		}
		if r, ok := keys.ParseArrival(group, key); !ok || r != id {
			t.Errorf("ParseArrival(%q) = %d, %v, want %d", key, r, ok, id)
		}
		within(t, space.SemaphoreMemo(0, n, request), space.SemaphoreMemos(0, n), keys.SharedMemo)
		within(t, space.LatchMemo(n, request), space.LatchMemos(n), keys.SharedMemo)
		if g, kind := space.GroupOf(space.SemaphoreMemo(id, n, request)); kind != 0 {
			t.Errorf("the memo of a session is in group %q", g)
		}
	})
}

// within wants the key directly below its group.
func within(t *testing.T, key, group string, kind keys.Kind) {
	t.Helper()
	if !strings.HasPrefix(key, group) || strings.Contains(key[len(group):], "/") {
		t.Errorf("%q must stand directly below %q", key, group)
	}
	if g, k := space.GroupOf(key); g != group || k != kind {
		t.Errorf("GroupOf(%q) = %q, %d, want %q, %d", key, g, k, group, kind)
	}
}

// FuzzGroupOf takes any key, as etcdctl may write it: whatever is read from it, spelled again, is the key.
func FuzzGroupOf(f *testing.F) {
	for _, rest := range []string{
		"lock/orders/7a.w", "lock/orders/", "lock/orders/7a/b", "lock//", "lock/a%2Fb/7a", "lock/a%2fb/7a", "lock/%/7a", "session/7a", "",
		"semaphore/a", "semaphore/a/7a.r", "semaphore/a/-.r", "semaphore/a/-", "semaphore/a/-7a.r", "semaphore//", "semaphore/",
		"latch/a", "latch/a/12/r", "latch/a/012/r", "latch/a/12/r/x", "latch/a/-1/r", "memo/-/semaphore/a/r", "memo/-/semaphore/a", "memo/-/latch/a/r", "memo/-/latch/a",
	} {
		f.Add(space.Prefix() + rest)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, key string) {
		if sid, ok := space.SessionOf(key); ok && space.Session(sid) != key {
			t.Errorf("%q is read as the marker of %x", key, sid)
		}
		group, kind := space.GroupOf(key)
		if kind == 0 {
			if group != "" {
				t.Errorf("%q is of no kind and in group %q", key, group)
			}
			return
		}
		below := key
		if kind == keys.SemaphoreRecord || kind == keys.LatchRecord {
			below = key + "/"
			if keys.RecordOf(group) != key {
				t.Errorf("%q is the record of group %q, whose record is %q", key, group, keys.RecordOf(group))
			}
		}
		if again, _ := space.GroupOf(group); again != group || !strings.HasPrefix(below, group) {
			t.Errorf("GroupOf(%q) = %q, whose own group is %q", key, group, again)
		}
		for _, r := range slices.Concat(roots, sharedMemos) {
			if n, ok := keys.NameOf(r.root, group); ok {
				if r.group(n) != group {
					t.Errorf("NameOf(%q) = %q, whose group is %q", group, n, r.group(n))
				}
				readBack(t, n, group, key, kind)
			}
		}
	})
}

// readBack wants that what is read from a key is spelled as the key is.
func readBack(t *testing.T, n keys.Name, group, key string, kind keys.Kind) {
	t.Helper()
	switch kind {
	case keys.LockTicket:
		if sid, owner, ok := keys.ParseLockTicket(group, key); ok && space.LockTicket(n, sid, owner) != key {
			t.Errorf("%q is read as the ticket of %x and %q", key, sid, owner)
		}
	case keys.SemaphoreTicket:
		if sid, request, ok := keys.ParseSemaphoreTicket(group, key); ok && space.SemaphoreTicket(n, sid, request) != key {
			t.Errorf("%q is read as the ticket of %x and %q", key, sid, request)
		}
	case keys.Arrival:
		if round, ok := keys.ParseArrival(group, key); ok && !strings.HasPrefix(key, space.LatchRound(n, round)) {
			t.Errorf("%q is read as an arrival in round %d", key, round)
		}
	case keys.SemaphoreRecord:
		if space.Semaphore(n) != key {
			t.Errorf("%q is read as the record of %q", key, n)
		}
	case keys.LatchRecord:
		if space.Latch(n) != key {
			t.Errorf("%q is read as the record of %q", key, n)
		}
	}
}

// FuzzMemos shows that what is remembered of one request is never taken for another's.
func FuzzMemos(f *testing.F) {
	f.Add(int64(0x7a), "a", "r", int64(0x7a), "a/r", "r")
	f.Add(int64(1), "a", "b/c", int64(1), "a/b", "c")
	f.Add(int64(0x1), "a", "1", int64(0x11), "a", "1")
	f.Add(int64(1), "a%2F", "r", int64(1), "a/", "r")
	f.Add(int64(0), "a", "r", int64(1), "a", "r")
	f.Fuzz(func(t *testing.T, sid1 int64, name1, request1 string, sid2 int64, name2, request2 string) {
		n1, err1 := keys.ParseName(name1)
		n2, err2 := keys.ParseName(name2)
		if err1 != nil || err2 != nil || sid1 < 0 || sid2 < 0 {
			return
		}
		same := sid1 == sid2 && n1 == n2 && request1 == request2
		a, b := space.SemaphoreMemo(sid1, n1, request1), space.SemaphoreMemo(sid2, n2, request2)
		if (a == b) != same {
			t.Errorf("memos %q and %q", a, b)
		}
		if strings.HasPrefix(b, space.SemaphoreMemos(sid1, n1)) != (sid1 == sid2 && n1 == n2) {
			t.Errorf("memo %q, and those of %x and %q", b, sid1, n1)
		}
		if e, g := space.LatchMemo(n1, request1), space.LatchMemo(n2, request2); (e == g) != (n1 == n2 && request1 == request2) || a == e || a == g {
			t.Errorf("memos %q, %q and %q", a, e, g)
		}
		if sid1 == 0 || sid2 == 0 {
			return
		}
		c, d := space.LockMemo(sid1, n1, request1), space.LockMemo(sid2, n2, request2)
		if (c == d) != same || a == c || a == d {
			t.Errorf("memos %q, %q and %q", a, c, d)
		}
		// A fence is a number: here one session's is the other's id.
		same = sid1 == sid2 && n1 == n2
		if e, g := space.Forced(sid1, n1, sid2), space.Forced(sid2, n2, sid1); (e == g) != same || a == e || c == e || c == g {
			t.Errorf("memos %q and %q, forced %q and %q", a, c, e, g)
		}
	})
}
