package keys_test

import (
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

// space has a prefix of its own, so that none is taken for granted.
var space = keys.NewSpace("my/cp/")

// lockNamed returns the name of the lock with that line.
func lockNamed(line string) (keys.Name, bool) { return keys.NameOf(space.Locks(), line) }

// lockLineOf returns the line that a key is a ticket of.
func lockLineOf(key string) (string, bool) {
	group, kind := space.GroupOf(key)
	return group, kind == keys.LockTicket
}

// lines are names beside the segment that each is spelled as. Left alone, so that it can be read with etcdctl, is
// all that is neither a slash, a percent sign nor a control character.
var lines = []struct {
	name    keys.Name
	segment string
}{
	{"a", "a"},
	{"a/b", "a%2Fb"},
	{"a%2Fb", "a%252Fb"},
	{"a%2fb", "a%252fb"},
	{"a%252Fb", "a%25252Fb"},
	{"/", "%2F"},
	{"//", "%2F%2F"},
	{"%", "%25"},
	{".", "."},
	{"..", ".."},
	{"a.b", "a.b"},
	{"a b", "a b"},
	{" ", " "},
	{"batch-job:123", "batch-job:123"},
	{"x:lock", "x:lock"},
	{"orders@payments", "orders@payments"},
	{"ü 锁", "ü 锁"},
	{"a\x00b", "a%00b"},
	{"line\r\nbreak\t", "line%0D%0Abreak%09"},
	{"\x1f \x7f", "%1F %7F"},
	{"\u0085", "\u0085"},
	{"7a.worker", "7a.worker"},
	{keys.Name(strings.Repeat("n", 512)), strings.Repeat("n", 512)},
	{keys.Name(strings.Repeat("/", 512)), strings.Repeat("%2F", 512)},
}

func TestEveryNameHasALineOfItsOwnThatCanBeReadBack(t *testing.T) {
	for _, c := range lines {
		line := space.LockLine(c.name)
		if want := "my/cp/lock/" + c.segment + "/"; line != want {
			t.Errorf("LockLine(%q) = %q, want %q", c.name, line, want)
		}
		if n, ok := lockNamed(line); !ok || n != c.name {
			t.Errorf("LockName(%q) = %q, %v, want %q", line, n, ok, c.name)
		}
		for _, o := range lines {
			if o.name != c.name && strings.HasPrefix(line, space.LockLine(o.name)) {
				t.Errorf("the line of %q stands in the line of %q", c.name, o.name)
			}
		}
	}
}

func TestALineThatNoNameIsSpelledAsHasNoName(t *testing.T) {
	for _, line := range []string{
		"", "my/cp/lock", "my/cp/lock/", "my/cp/lock//", "my/cp/lock/a/b/", "cp/lock/a/", "my/cp/session/a/",
		"my/cp/lock/a%2fb/", // lower case
		"my/cp/lock/a%/", "my/cp/lock/a%2/", "my/cp/lock/%zz/",
		"my/cp/lock/%61/",   // an escape where none is needed
		"my/cp/lock/a\x00/", // none where one is needed
		"my/cp/lock/\xff/",
		"my/cp/lock/a@default/",
		"my/cp/lock/" + strings.Repeat("n", 513) + "/",
	} {
		if n, ok := lockNamed(line); ok {
			t.Errorf("LockName(%q) = %q, want none", line, n)
		}
	}
}

func TestATicketIsSpelledAsEtcdsOwnMutexSpellsIt(t *testing.T) {
	s := keys.NewSpace("cp/")
	if got := s.LockTicket("orders", 0x694d5765fc71500b, ""); got != "cp/lock/orders/694d5765fc71500b" {
		t.Errorf("ticket %q", got)
	}
}

func TestATicketTellsItsSessionAndOwner(t *testing.T) {
	for _, owner := range []string{
		"", "w1", "a/b", "a%2Fb", ".", "a.b", "ü 锁", "\x00", " ", strings.Repeat("o", 128), strings.Repeat("/", 128),
	} {
		key := space.LockTicket("orders", 0x7a, owner)
		sid, got, ok := keys.ParseLockTicket(space.LockLine("orders"), key)
		if !ok || sid != 0x7a || got != owner {
			t.Errorf("ParseLockTicket(%q) = %x, %q, %v, want 7a, %q", key, sid, got, ok, owner)
		}
		if line, ok := lockLineOf(key); !ok || line != space.LockLine("orders") {
			t.Errorf("LineOf(%q) = %q, %v", key, line, ok)
		}
	}
}

func TestAKeyThatCpgateWouldNotSpellSoIsNobodysTicket(t *testing.T) {
	line := space.LockLine("orders")
	for _, rest := range []string{
		"", "/", "0", "7A", "07a", "-7a", "7a.", "7a./", "7a/", "7a/b", "7a.w/x", "7a.a%2fb", "7a.%61", "7a.%", ".w", "x.w",
		"7a.\xff", "7a." + strings.Repeat("o", 129), "8000000000000000",
	} {
		if sid, owner, ok := keys.ParseLockTicket(line, line+rest); ok {
			t.Errorf("ParseLockTicket(%q) = %x, %q, want none", line+rest, sid, owner)
		}
	}
}

func TestATicketOfAnyDepthStandsInItsLine(t *testing.T) {
	line := space.LockLine("orders")
	for _, rest := range []string{"", "7a", "7a/", "7a/b", "7a/b/c", "/", "//", "\xff"} {
		if got, ok := lockLineOf(line + rest); !ok || got != line {
			t.Errorf("LineOf(%q) = %q, %v, want %q", line+rest, got, ok, line)
		}
	}
	for _, key := range []string{
		"", "/", "my/cp/lock", "my/cp/lock/", "my/cp/lock/orders", "my/cp/lock//7a", "cp/lock/orders/7a", "my/cp/locks/orders/7a",
		space.Session(0x7a), space.LockMemo(0x7a, "orders", "r"), space.Gateway("g"),
	} {
		if got, ok := lockLineOf(key); ok {
			t.Errorf("LineOf(%q) = %q, want none", key, got)
		}
	}
}

func TestEverythingOfCpgateStandsBelowItsPrefixAndApart(t *testing.T) {
	roots := []string{space.Sessions(), space.Locks(), space.Gateways(), space.SessionMemos(1), space.SessionMemos(0x1a)}
	for _, a := range roots {
		if !strings.HasPrefix(a, space.Prefix()) || !strings.HasSuffix(a, "/") {
			t.Errorf("%q must stand below %q and end with a slash", a, space.Prefix())
		}
		for _, b := range roots {
			if a != b && strings.HasPrefix(a, b) {
				t.Errorf("%q stands below %q", a, b)
			}
		}
	}
}

func TestWhatIsRememberedOfASessionStandsBelowItsMemos(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{space.LockMemo(0x7a, "a/b", "r/1"), "my/cp/memo/7a/lock/a%2Fb/r%2F1"},
		{space.Forced(0x7a, "a/b", 12), "my/cp/memo/7a/forced/a%2Fb/12"},
	} {
		if c.got != c.want || !strings.HasPrefix(c.got, space.SessionMemos(0x7a)) {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
