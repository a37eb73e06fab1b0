package keys_test

import (
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

func TestANameIsUTF8OfOneTo512Bytes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"orders", "orders"},
		{"a/b", "a/b"},
		{" ", " "},
		{"ü 锁", "ü 锁"},
		{"\x00\x1f\x7f", "\x00\x1f\x7f"},
		{strings.Repeat("x", 512), strings.Repeat("x", 512)},
		{"orders@default", "orders"},
		{"orders@payments", "orders@payments"},
		{"orders@Default", "orders@Default"},
		{"orders@default@payments", "orders@default@payments"},
		{"a@default ", "a@default "},
	} {
		n, err := keys.ParseName(c.in)
		if err != nil || string(n) != c.want {
			t.Errorf("ParseName(%q) = %q, %v; want %q", c.in, n, err, c.want)
		}
	}
}

func TestANameInItsOneFormStaysAsItIs(t *testing.T) {
	for _, in := range []string{"orders@default@default", "a@default@payments@default@default"} {
		n, err := keys.ParseName(in)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := keys.ParseName(string(n)); err != nil || again != n {
			t.Errorf("ParseName(%q) = %q, which ParseName makes %q, %v", in, n, again, err)
		}
	}
}

func TestABadNameIsRefusedWithTheRuleItBreaks(t *testing.T) {
	for _, c := range []struct{ in, rule string }{
		{"", "must be 1 to 512 bytes, is 0"},
		{strings.Repeat("x", 513), "must be 1 to 512 bytes, is 513"},
		{"a\xffb", "must be valid UTF-8"},
		{"\xed\xa0\x80", "must be valid UTF-8"}, // half a surrogate pair
		{"@default", `must not be "@default" alone`},
		{"@default@default", `must not be "@default" alone`},
	} {
		_, err := keys.ParseName(c.in)
		if err == nil || err.Error() != c.rule {
			t.Errorf("ParseName(%q) = %v, want %q", c.in, err, c.rule)
		}
	}
}

func TestOwnersAndRequestIDsHaveTheirOwnBounds(t *testing.T) {
	for _, c := range []struct {
		what    string
		check   func(string) error
		in      string
		refused bool
	}{
		{"owner", keys.CheckOwner, "", false},
		{"owner", keys.CheckOwner, strings.Repeat("o", 128), false},
		{"owner", keys.CheckOwner, strings.Repeat("o", 129), true},
		{"owner", keys.CheckOwner, "\xff", true},
		{"request id", keys.CheckRequestID, "", true},
		{"request id", keys.CheckRequestID, strings.Repeat("r", 64), false},
		{"request id", keys.CheckRequestID, strings.Repeat("r", 65), true},
		{"request id", keys.CheckRequestID, "\xff", true},
	} {
		if err := c.check(c.in); (err != nil) != c.refused {
			t.Errorf("%s %q: %v, refused should be %v", c.what, c.in, err, c.refused)
		}
	}
}
