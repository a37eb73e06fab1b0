package keys_test

import (
	"math"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

func TestASessionIDHasOneSpelling(t *testing.T) {
	for _, c := range []struct {
		in string
		id int64
	}{
		{"1", 1},
		{"7a", 0x7a},
		{"694d5765fc71500b", 0x694d5765fc71500b},
		{"7fffffffffffffff", math.MaxInt64},
	} {
		id, err := keys.ParseHex(c.in)
		if err != nil || id != c.id || keys.Hex(c.id) != c.in {
			t.Errorf("ParseHex(%q) = %d, %v; Hex(%d) = %q", c.in, id, err, c.id, keys.Hex(c.id))
		}
	}
}

func TestAnyOtherSpellingOfASessionIDIsRefused(t *testing.T) {
	for _, in := range []string{
		"", "0", "00", "7A", "07a", "+7a", "-7a", "0x7a", "7_a", " 7a", "7a ", "7a\n", "g", "７",
		"8000000000000000", "ffffffffffffffff", "10000000000000000", "7a.b", "7a/",
	} {
		if id, err := keys.ParseHex(in); err == nil {
			t.Errorf("ParseHex(%q) = %d, want an error", in, id)
		}
	}
}

func TestOnlyAMarkerNamesASession(t *testing.T) {
	s := keys.NewSpace("cp/")
	if sid, ok := s.SessionOf(s.Session(0x7a)); !ok || sid != 0x7a {
		t.Errorf("SessionOf(%q) = %x, %v", s.Session(0x7a), sid, ok)
	}
	for _, key := range []string{
		"", "cp/", "cp/session", "cp/session/", "cp/session/7A", "cp/session/7a/", "cp/session/7a/x", "cp/session/0",
		"cp/sessions/7a", "cq/session/7a", "session/7a", s.LockTicket("a", 0x7a, ""), s.Gateway("7a"),
	} {
		if sid, ok := s.SessionOf(key); ok {
			t.Errorf("SessionOf(%q) = %x, want none", key, sid)
		}
	}
}
