package keys_test

import (
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

// space has a prefix of its own, so that none is taken for granted.
var space = keys.NewSpace("my/cp/")

// spelling is a text beside the segment that it is spelled as. Left alone, so that it can be read with etcdctl, is all
// that is neither a slash, a percent sign nor a control character.
type spelling struct{ text, segment string }

// segments are names.
var segments = []spelling{
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
	{"-", "-"},
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
	{strings.Repeat("n", 512), strings.Repeat("n", 512)},
	{strings.Repeat("/", 512), strings.Repeat("%2F", 512)},
}

// requests are owners as well.
var requests = []spelling{
	{"r", "r"},
	{"a/b", "a%2Fb"},
	{"a%2Fb", "a%252Fb"},
	{".", "."},
	{"a.b", "a.b"},
	{"-", "-"},
	{"12", "12"},
	{"ü 锁", "ü 锁"},
	{"\x00", "%00"},
	{" ", " "},
	{strings.Repeat("o", 64), strings.Repeat("o", 64)},
	{strings.Repeat("/", 64), strings.Repeat("%2F", 64)},
}

func TestATicketIsSpelledAsEtcdsOwnMutexSpellsIt(t *testing.T) {
	s := keys.NewSpace("cp/")
	if got := s.LockTicket("orders", 0x694d5765fc71500b, ""); got != "cp/lock/orders/694d5765fc71500b" {
		t.Errorf("ticket %q", got)
	}
}

func TestWhatIsRememberedOfARequestStandsBelowTheMemosOfItsSessionOrOfItsName(t *testing.T) {
	for _, c := range []struct{ got, below, want string }{
		{space.LockMemo(0x7a, "a/b", "r/1"), space.SessionMemos(0x7a), "my/cp/memo/7a/lock/a%2Fb/r%2F1"},
		{space.Forced(0x7a, "a/b", 12), space.SessionMemos(0x7a), "my/cp/memo/7a/forced/a%2Fb/12"},
		{space.SemaphoreMemo(0x7a, "a/b", "r/1"), space.SessionMemos(0x7a), "my/cp/memo/7a/semaphore/a%2Fb/r%2F1"},
		{space.SemaphoreMemo(0x7a, "a/b", "r/1"), space.SemaphoreMemos(0x7a, "a/b"), "my/cp/memo/7a/semaphore/a%2Fb/r%2F1"},
		{space.SemaphoreMemo(0, "a/b", "r/1"), space.SemaphoreMemos(0, "a/b"), "my/cp/memo/-/semaphore/a%2Fb/r%2F1"},
	} {
		if c.got != c.want || !strings.HasPrefix(c.got, c.below) {
			t.Errorf("got %q, want %q, below %q", c.got, c.want, c.below)
		}
	}
}

func TestTheArrivalsOfARoundStandBelowItAndNoneOfAnotherDoes(t *testing.T) {
	for _, round := range []int64{1, 12, 123, 1 << 62} {
		for _, other := range []int64{1, 2, 12, 120, 123, 1 << 62} {
			below := strings.HasPrefix(space.Arrival("a", other, "r"), space.LatchRound("a", round))
			if below != (round == other) {
				t.Errorf("an arrival of round %d stands below round %d: %v", other, round, below)
			}
		}
	}
}

// The tickets of a session in a line can be told by how they begin.
func TestNoSessionsTicketBeginsAsAnothersDo(t *testing.T) {
	sessions := []int64{0, 1, 7, 0x7a, 0x7ab, 1<<63 - 1}
	for _, a := range sessions {
		mine := strings.TrimSuffix(space.SemaphoreTicket("a", a, "r"), "r")
		for _, b := range sessions {
			if strings.HasPrefix(space.SemaphoreTicket("a", b, "x"), mine) != (a == b) {
				t.Errorf("a ticket of %x and %q", b, mine)
			}
		}
	}
}
