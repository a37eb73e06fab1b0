package keys_test

import (
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

func FuzzNames(f *testing.F) {
	for n, c := range lines {
		f.Add(string(c.name), string(lines[(n+1)%len(lines)].name))
	}
	f.Add("a", "a@default")
	f.Add("a@default@default", "a@default")
	f.Fuzz(func(t *testing.T, one, other string) {
		a, err := keys.ParseName(one)
		if err != nil {
			return
		}
		line := space.LockLine(a)
		if again, err := keys.ParseName(string(a)); err != nil || again != a {
			t.Errorf("ParseName(%q) = %q, which it makes %q, %v", one, a, again, err)
		}
		if n, ok := lockNamed(line); !ok || n != a {
			t.Errorf("LockName(%q) = %q, %v, want %q", line, n, ok, a)
		}
		b, err := keys.ParseName(other)
		if err != nil || a == b {
			return
		}
		if l := space.LockLine(b); strings.HasPrefix(l, line) || strings.HasPrefix(line, l) {
			t.Errorf("the lines of %q and %q meet: %q and %q", a, b, line, l)
		}
	})
}

func FuzzTickets(f *testing.F) {
	for n, c := range lines {
		f.Add(string(c.name), int64(n+1), string(lines[(n+1)%len(lines)].name))
	}
	f.Add("a", int64(1), "")
	f.Fuzz(func(t *testing.T, name string, sid int64, owner string) {
		n, err := keys.ParseName(name)
		if err != nil || sid <= 0 || keys.CheckOwner(owner) != nil {
			return
		}
		line, key := space.LockLine(n), space.LockTicket(n, sid, owner)
		if !strings.HasPrefix(key, line) || strings.Contains(key[len(line):], "/") {
			t.Errorf("%q must stand directly below %q", key, line)
		}
		if s, o, ok := keys.ParseLockTicket(line, key); !ok || s != sid || o != owner {
			t.Errorf("ParseLockTicket(%q) = %x, %q, %v, want %x, %q", key, s, o, ok, sid, owner)
		}
	})
}

// FuzzLineOf takes any key, as etcdctl may write it.
func FuzzLineOf(f *testing.F) {
	for _, rest := range []string{
		"lock/orders/7a.w", "lock/orders/", "lock/orders/7a/b", "lock//", "lock/a%2Fb/7a", "lock/a%2fb/7a", "lock/%/7a", "session/7a", "",
	} {
		f.Add(space.Prefix() + rest)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, key string) {
		_, _ = space.SessionOf(key)
		line, ok := lockLineOf(key)
		if !ok {
			if _, named := lockNamed(key); named && strings.HasSuffix(key, "/") {
				t.Errorf("%q is the line of a name and yet in no line", key)
			}
			return
		}
		if again, ok := lockLineOf(line); !ok || again != line || !strings.HasPrefix(key, line) {
			t.Errorf("LineOf(%q) = %q, whose own line is %q, %v", key, line, again, ok)
		}
		n, named := lockNamed(line)
		if named && space.LockLine(n) != line {
			t.Errorf("LockName(%q) = %q, whose line is %q", line, n, space.LockLine(n))
		}
		sid, owner, ok := keys.ParseLockTicket(line, key)
		if ok && named && space.LockTicket(n, sid, owner) != key {
			t.Errorf("%q is read as the ticket of %x and %q, which is %q", key, sid, owner, space.LockTicket(n, sid, owner))
		}
	})
}

// FuzzMemos shows that what is remembered of one request is never taken for another's.
func FuzzMemos(f *testing.F) {
	f.Add(int64(0x7a), "a", "r", int64(0x7a), "a/r", "r")
	f.Add(int64(1), "a", "b/c", int64(1), "a/b", "c")
	f.Add(int64(0x1), "a", "1", int64(0x11), "a", "1")
	f.Add(int64(1), "a%2F", "r", int64(1), "a/", "r")
	f.Fuzz(func(t *testing.T, sid1 int64, name1, request1 string, sid2 int64, name2, request2 string) {
		n1, err1 := keys.ParseName(name1)
		n2, err2 := keys.ParseName(name2)
		if err1 != nil || err2 != nil || sid1 <= 0 || sid2 <= 0 {
			return
		}
		same := sid1 == sid2 && n1 == n2 && request1 == request2
		a, b := space.LockMemo(sid1, n1, request1), space.LockMemo(sid2, n2, request2)
		if (a == b) != same {
			t.Errorf("memos %q and %q", a, b)
		}
		// A fence is a number: here one session's is the other's id.
		same = sid1 == sid2 && n1 == n2
		if c, d := space.Forced(sid1, n1, sid2), space.Forced(sid2, n2, sid1); (c == d) != same || a == c || a == d {
			t.Errorf("memo %q, forced %q and %q", a, c, d)
		}
	})
}
