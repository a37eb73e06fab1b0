package keys_test

import (
	"math"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
)

func TestALockTicketTellsItsSessionAndOwner(t *testing.T) {
	line := space.LockLine("orders")
	for _, owner := range append([]spelling{{"", ""}, {strings.Repeat("o", 128), strings.Repeat("o", 128)}}, requests...) {
		key := space.LockTicket("orders", 0x7a, owner.text)
		if sid, got, ok := keys.ParseLockTicket(line, key); !ok || sid != 0x7a || got != owner.text {
			t.Errorf("ParseLockTicket(%q) = %x, %q, %v, want 7a, %q", key, sid, got, ok, owner.text)
		}
	}
}

func TestATraceTellsWhichHoldWasForced(t *testing.T) {
	for _, name := range segments {
		for _, fence := range []int64{1, 10, math.MaxInt64} {
			key := space.Forced(0x7a, keys.Name(name.text), fence)
			if sid, n, f, ok := space.ParseForced(key); !ok || sid != 0x7a || string(n) != name.text || f != fence {
				t.Errorf("ParseForced(%q) = %x, %q, %d, %v, want 7a, %q, %d", key, sid, n, f, ok, name.text, fence)
			}
		}
	}
	for _, key := range []string{
		"", "cp/memo/", "cp/lock/7a/forced/orders/1", "cp/memo/7a/forced/orders", "cp/memo/7a/forced/orders/", "cp/memo/7a/forced//1",
		"cp/memo/7a/forced/orders/0", "cp/memo/7a/forced/orders/01", "cp/memo/7a/forced/orders/-1", "cp/memo/7a/forced/orders/1/2",
		"cp/memo/7a/forced/%6f/1", "cp/memo/7A/forced/orders/1", "cp/memo/-/forced/orders/1", "cp/memo/7a/lock/orders/1",
		"cp/memo/7a/orders/1", "cp/memo/7a/forced/a@default/1",
	} {
		if _, _, _, ok := space.ParseForced(key); ok {
			t.Errorf("%q is a trace", key)
		}
	}
}

func TestASemaphoreTicketTellsItsSessionAndRequest(t *testing.T) {
	for _, name := range segments {
		line := space.SemaphoreLine(keys.Name(name.text))
		for _, sid := range []int64{0, 1, 0x7a, math.MaxInt64} { // 0 is for none
			for _, request := range requests {
				key := space.SemaphoreTicket(keys.Name(name.text), sid, request.text)
				if s, r, ok := keys.ParseSemaphoreTicket(line, key); !ok || s != sid || r != request.text {
					t.Errorf("ParseSemaphoreTicket(%q) = %x, %q, %v, want %x, %q", key, s, r, ok, sid, request.text)
				}
			}
		}
	}
}

func TestAnArrivalTellsItsRound(t *testing.T) {
	for _, name := range segments {
		group := space.Latch(keys.Name(name.text)) + "/"
		for _, round := range []int64{1, 9, 10, math.MaxInt64} {
			for _, request := range requests {
				key := space.Arrival(keys.Name(name.text), round, request.text)
				if r, ok := keys.ParseArrival(group, key); !ok || r != round {
					t.Errorf("ParseArrival(%q) = %d, %v, want %d", key, r, ok, round)
				}
			}
		}
	}
}

// The line, or group, of what is not spelled by cpgate: it is nobody's.
func TestAKeyThatCpgateWouldNotSpellSoIsNobodys(t *testing.T) {
	for _, c := range []struct {
		group string
		parse func(group, key string) bool
		rests []string
	}{
		{
			space.LockLine("orders"),
			func(group, key string) bool { _, _, ok := keys.ParseLockTicket(group, key); return ok },
			[]string{
				"", "/", "0", "7A", "07a", "-7a", "-", "-.w", "7a.", "7a./", "7a/", "7a/b", "7a.w/x", "7a.a%2fb", "7a.%61", "7a.%", ".w",
				"x.w", "7a.\xff", "7a." + strings.Repeat("o", 129), "8000000000000000",
			},
		},
		{
			space.SemaphoreLine("orders"),
			func(group, key string) bool { _, _, ok := keys.ParseSemaphoreTicket(group, key); return ok },
			[]string{
				"", "/", "7a", "-", "7a.", "-.", "--.r", "-7a.r", ".r", "r", "0.r", "00.r", "7A.r", "07a.r", "+7a.r", "x.r", "7a/r",
				"7a./", "7a.r/x", "-.r/x", "7a.a%2fb", "-.a%2fb", "7a.%61", "7a.%", "7a.\x00", "7a.\xff", " 7a.r", "7a .r",
				"7a." + strings.Repeat("r", 65), "-." + strings.Repeat("r", 65), "8000000000000000.r",
			},
		},
		{
			space.Latch("orders") + "/",
			func(group, key string) bool { _, ok := keys.ParseArrival(group, key); return ok },
			[]string{
				"", "/", "1", "1/", "0/r", "-1/r", "+1/r", "01/r", "1a/r", " 1/r", "1 /r", "1_0/r", "x/r", "/r", "//r", "1//r", "1/r/",
				"1/r/x", "1/a%2fb", "1/%61", "1/%", "1/\x00", "1/\xff", "9223372036854775808/r", "1/" + strings.Repeat("r", 65),
			},
		},
	} {
		for _, rest := range c.rests {
			if c.parse(c.group, c.group+rest) {
				t.Errorf("%q is taken for cpgate's own", c.group+rest)
			}
		}
	}
}

func TestACallTellsItsGateway(t *testing.T) {
	for _, c := range []struct {
		gateway string
		n       uint64
		want    string
	}{
		{"JBSWY3DP", 0, "JBSWY3DP.0"},
		{"JBSWY3DP", 35, "JBSWY3DP.z"},
		{"JBSWY3DP", 36, "JBSWY3DP.10"},
		{"g", math.MaxUint64, "g.3w5e11264sgsf"},
	} {
		call := keys.CallOf(c.gateway, c.n)
		if call != c.want || keys.GatewayOf(call) != c.gateway {
			t.Errorf("CallOf(%q, %d) = %q, want %q; GatewayOf says %q", c.gateway, c.n, call, c.want, keys.GatewayOf(call))
		}
	}
	for call, want := range map[string]string{"": "", "-": "-", "g": "g", ".7": "", "g.7.7": "g"} { // as others may write it
		if got := keys.GatewayOf(call); got != want {
			t.Errorf("GatewayOf(%q) = %q, want %q", call, got, want)
		}
	}
}

func TestADamagedKeyIsNamedAndHowToMendIt(t *testing.T) {
	err := error(&keys.DamagedError{Key: "cp/semaphore/a\x00"})
	for _, want := range []string{`"cp/semaphore/a\x00"`, "deleting it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %s", err, want)
		}
	}
}
