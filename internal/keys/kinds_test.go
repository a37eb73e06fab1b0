package keys_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

// root is what has names, and keys below them.
type root struct {
	what   string
	root   string
	group  func(keys.Name) string
	record func(keys.Name) string // nil where there is none
	below  keys.Kind
}

var roots = []root{
	{"lock", space.Locks(), space.LockLine, nil, keys.LockTicket},
	{"semaphore", space.Semaphores(), space.SemaphoreLine, space.Semaphore, keys.SemaphoreTicket},
	{"latch", space.Latches(), func(n keys.Name) string { return space.Latch(n) + "/" }, space.Latch, keys.Arrival},
}

// sharedMemos have names too, which nobody reads back.
var sharedMemos = []root{
	{"memo", "my/cp/memo/-/semaphore/", func(n keys.Name) string { return space.SemaphoreMemos(0, n) }, nil, keys.SharedMemo},
	{"memo", "my/cp/memo/-/latch/", space.LatchMemos, nil, keys.SharedMemo},
}

// every spells a key of every kind for a name and a request, and says how it is spelled with the segments in their
// place, and what it belongs to.
var every = []struct {
	spell func(n keys.Name, request string) string
	want  string    // <name> and <request> stand for their segments
	group string    // what of want is the group, "" for none
	kind  keys.Kind // 0 for a key of no group
}{
	{
		func(n keys.Name, _ string) string { return space.LockTicket(n, 0x7a, "") },
		"my/cp/lock/<name>/7a", "my/cp/lock/<name>/", keys.LockTicket,
	},
	{
		func(n keys.Name, owner string) string { return space.LockTicket(n, 0x7a, owner) },
		"my/cp/lock/<name>/7a.<request>", "my/cp/lock/<name>/", keys.LockTicket,
	},
	{
		func(n keys.Name, _ string) string { return space.Semaphore(n) },
		"my/cp/semaphore/<name>", "my/cp/semaphore/<name>/", keys.SemaphoreRecord,
	},
	{
		func(n keys.Name, request string) string { return space.SemaphoreTicket(n, 0x7a, request) },
		"my/cp/semaphore/<name>/7a.<request>", "my/cp/semaphore/<name>/", keys.SemaphoreTicket,
	},
	{
		func(n keys.Name, request string) string { return space.SemaphoreTicket(n, 0, request) },
		"my/cp/semaphore/<name>/-.<request>", "my/cp/semaphore/<name>/", keys.SemaphoreTicket,
	},
	{
		func(n keys.Name, _ string) string { return space.Latch(n) },
		"my/cp/latch/<name>", "my/cp/latch/<name>/", keys.LatchRecord,
	},
	{
		func(n keys.Name, request string) string { return space.Arrival(n, 12, request) },
		"my/cp/latch/<name>/12/<request>", "my/cp/latch/<name>/", keys.Arrival,
	},
	{
		func(n keys.Name, request string) string { return space.SemaphoreMemo(0, n, request) },
		"my/cp/memo/-/semaphore/<name>/<request>", "my/cp/memo/-/semaphore/<name>/", keys.SharedMemo,
	},
	{
		space.LatchMemo,
		"my/cp/memo/-/latch/<name>/<request>", "my/cp/memo/-/latch/<name>/", keys.SharedMemo,
	},
	{
		func(n keys.Name, request string) string { return space.SemaphoreMemo(0x7a, n, request) },
		"my/cp/memo/7a/semaphore/<name>/<request>", "", 0,
	},
	{
		func(n keys.Name, request string) string { return space.LockMemo(0x7a, n, request) },
		"my/cp/memo/7a/lock/<name>/<request>", "", 0,
	},
	{
		func(n keys.Name, _ string) string { return space.Forced(0x7a, n, 12) },
		"my/cp/memo/7a/forced/<name>/12", "", 0,
	},
	{func(keys.Name, string) string { return space.Session(0x7a) }, "my/cp/session/7a", "", 0},
	{func(keys.Name, string) string { return space.Gateway("7a") }, "my/cp/gateway/7a", "", 0},
}

// spelled puts the segments in their places.
func spelled(pattern, name, request string) string {
	return strings.NewReplacer("<name>", name, "<request>", request).Replace(pattern)
}

func TestEveryKeyIsSpelledInOneWayAndIsInTheGroupOfItsNameOrInNone(t *testing.T) {
	for _, name := range segments {
		for _, request := range requests {
			for _, c := range every {
				key := c.spell(keys.Name(name.text), request.text)
				if want := spelled(c.want, name.segment, request.segment); key != want {
					t.Errorf("got %q, want %q", key, want)
				}
				group, kind := space.GroupOf(key)
				if want := spelled(c.group, name.segment, request.segment); group != want || kind != c.kind {
					t.Errorf("GroupOf(%q) = %q, %d, want %q, %d", key, group, kind, want, c.kind)
				}
			}
		}
	}
}

func TestNoTwoKeysAreTheSameAndNoneHasKeysOfAnotherNameBelowIt(t *testing.T) {
	type of struct{ key, name string }
	var all []of
	seen := map[string]string{}
	for _, c := range every {
		if !strings.Contains(c.want, "<name>") {
			continue
		}
		for _, name := range segments {
			key := c.spell(keys.Name(name.text), "r")
			if other, ok := seen[key]; ok {
				t.Errorf("%q is spelled for %q and for %q", key, name.text, other)
			}
			seen[key] = name.text
			all = append(all, of{key, name.text})
		}
	}
	for _, a := range all {
		for _, b := range all {
			if a.name != b.name && strings.HasPrefix(b.key, a.key+"/") {
				t.Errorf("%q stands below %q", b.key, a.key)
			}
		}
	}
}

func TestEveryNameHasAGroupOfItsOwnThatCanBeReadBack(t *testing.T) {
	for _, r := range roots {
		for _, name := range segments {
			n := keys.Name(name.text)
			group := r.group(n)
			if got, ok := keys.NameOf(r.root, group); !ok || got != n {
				t.Errorf("NameOf(%q) = %q, %v, want %q", group, got, ok, n)
			}
			for _, other := range roots {
				if got, ok := keys.NameOf(other.root, group); ok != (other.what == r.what) {
					t.Errorf("%q, of a %s, names the %s %q", group, r.what, other.what, got)
				}
			}
			for _, o := range segments {
				if o != name && strings.HasPrefix(group, r.group(keys.Name(o.text))) {
					t.Errorf("the group of %q stands in the group of %q", name.text, o.text)
				}
			}
			if r.record != nil && (keys.RecordOf(group) != r.record(n) || strings.HasPrefix(r.record(n), group)) {
				t.Errorf("the record of group %q is %q, want %q beside it", group, keys.RecordOf(group), r.record(n))
			}
		}
	}
}

func TestAGroupThatNoNameIsSpelledAsHasNoName(t *testing.T) {
	for _, r := range roots {
		for _, group := range []string{
			"", strings.TrimSuffix(r.root, "/"), r.root, r.root + "/", r.root + "a/b/", "cp/" + r.what + "/a/", "my/cp/session/a/",
			r.root + "a%2fb/", // lower case
			r.root + "a%/", r.root + "a%2/", r.root + "%zz/",
			r.root + "%61/",   // an escape where none is needed
			r.root + "a\x00/", // none where one is needed
			r.root + "\xff/",
			r.root + "a@default/",
			r.root + strings.Repeat("n", 513) + "/",
		} {
			if n, ok := keys.NameOf(r.root, group); ok {
				t.Errorf("NameOf(%q) = %q, want none", group, n)
			}
		}
	}
}

// Whatever stands below a name belongs to it, however it is spelled: somebody may have put it there with etcdctl.
func TestAKeyOfAnyDepthIsInTheGroupThatItStandsBelow(t *testing.T) {
	for _, r := range slices.Concat(roots, sharedMemos) {
		group := r.group("orders")
		for _, rest := range []string{"", "7a", "7a/", "7a/b", "7a/b/c", "/", "//", "-", "\xff", "x y"} {
			if got, kind := space.GroupOf(group + rest); got != group || kind != r.below {
				t.Errorf("GroupOf(%q) = %q, %d, want %q, %d", group+rest, got, kind, group, r.below)
			}
		}
		for _, odd := range []string{"%", "%2f", "a@default", "\xff", "\x00", strings.Repeat("n", 600)} { // that no name is spelled as
			if got, kind := space.GroupOf(r.root + odd + "/x"); got != r.root+odd+"/" || kind != r.below {
				t.Errorf("GroupOf(%q) = %q, %d", r.root+odd+"/x", got, kind)
			}
		}
	}
}

func TestAKeyWithoutANameIsInNoGroup(t *testing.T) {
	for _, key := range []string{
		"", "/", "my/cp", "my/cp/", "my/cp/lock", "my/cp/lock/", "my/cp/lock/orders", "my/cp/lock//7a", "my/cp/locks/orders/7a",
		"cp/lock/orders/7a", "my/cp/semaphore", "my/cp/semaphore/", "my/cp/semaphore//", "my/cp/semaphore//7a.r",
		"my/cp/semaphores/a", "cp/semaphore/a", "my/cp/latch", "my/cp/latch/", "my/cp/latch//", "my/cp/latch//1/r",
		"my/cp/latches/a", "cp/latch/a", "my/cp/memo/-", "my/cp/memo/-/semaphore", "my/cp/memo/-/semaphore/",
		"my/cp/memo/-/semaphore/a", "my/cp/memo/-/semaphore//r", "my/cp/memo/-/latch/a", "my/cp/memo/-/latch//r", "my/cp/memo/-/lock/a/r", "my/cp/memo//semaphore/a/r",
		"my/cp/x/my/cp/lock/a/7a",
	} {
		if group, kind := space.GroupOf(key); group != "" || kind != 0 {
			t.Errorf("GroupOf(%q) = %q, %d, want none", key, group, kind)
		}
	}
}

func TestEverythingOfCpgateStandsBelowItsPrefixAndApart(t *testing.T) {
	all := []string{
		space.Sessions(), space.Locks(), space.Semaphores(), space.Latches(), space.Gateways(),
		sharedMemos[0].root, sharedMemos[1].root, space.SessionMemos(1), space.SessionMemos(0x1a),
	}
	for _, a := range all {
		if !strings.HasPrefix(a, space.Prefix()) || !strings.HasSuffix(a, "/") {
			t.Errorf("%q must stand below %q and end with a slash", a, space.Prefix())
		}
		for _, b := range all {
			if a != b && strings.HasPrefix(a, b) {
				t.Errorf("%q stands below %q", a, b)
			}
		}
	}
}
