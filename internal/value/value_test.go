package value_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/value"
)

func item(text string) *kv.Item { return &kv.Item{Value: []byte(text)} }

var since = time.Date(2025, 7, 1, 12, 30, 0, 0, time.UTC)

func TestASemaphoreIsReadAsItWasWritten(t *testing.T) {
	for _, c := range []struct {
		value value.Semaphore
		text  string
	}{
		{value.Semaphore{Request: "r"}, `{"permits":0,"request":"r"}`},
		{value.Semaphore{Permits: -1, Sessionless: true, Request: "r"}, `{"permits":-1,"sessionless":true,"request":"r"}`},
		{value.Semaphore{Permits: math.MaxInt32, Request: "r"}, `{"permits":2147483647,"request":"r"}`},
		{value.Semaphore{Permits: math.MinInt32, Request: "r"}, `{"permits":-2147483648,"request":"r"}`},
		{
			value.Semaphore{Permits: 3, Through: &value.Through{Create: 7, Key: "cp/semaphore/a/7a.r"}, Pause: "p", Request: "r"},
			`{"permits":3,"admitted_through":{"create":7,"key":"cp/semaphore/a/7a.r"},"pause":"p","request":"r"}`,
		},
	} {
		text := c.value.Encode()
		if string(text) != c.text {
			t.Errorf("%+v is written as %s, want %s", c.value, text, c.text)
		}
		got, ok := value.DecodeSemaphore(&kv.Item{Value: text})
		if (got.Through == nil) != (c.value.Through == nil) || got.Through != nil && *got.Through != *c.value.Through {
			t.Errorf("%s says all are admitted through %v", text, got.Through)
		}
		got.Through = c.value.Through
		if !ok || got != c.value {
			t.Errorf("%s is read as %+v, %v", text, got, ok)
		}
	}
}

func TestATicketIsReadAsItWasWritten(t *testing.T) {
	for _, c := range []struct {
		value value.Ticket
		text  string
	}{
		{value.Ticket{Permits: 1, By: "g.1", Since: since}, `{"permits":1,"by":"g.1","since":"2025-07-01T12:30:00Z"}`},
		{
			value.Ticket{Permits: math.MaxInt32, Asked: 5, Owner: "o\x00/", By: "g.1", Attempt: 2, Retried: true, Since: since},
			`{"permits":2147483647,"asked":5,"owner":"o\u0000/","by":"g.1","attempt":2,"retried":true,"since":"2025-07-01T12:30:00Z"}`,
		},
	} {
		text := c.value.Encode()
		if string(text) != c.text {
			t.Errorf("%+v is written as %s, want %s", c.value, text, c.text)
		}
		if got, ok := value.DecodeTicket(&kv.Item{Value: text}); !ok || got != c.value {
			t.Errorf("%s is read as %+v, %v", text, got, ok)
		}
	}
}

func TestALatchIsReadAsItWasWritten(t *testing.T) {
	for _, c := range []struct {
		value value.Latch
		text  string
	}{
		{value.Latch{Count: 1}, `{"count":1}`},
		{value.Latch{Count: math.MaxInt32, Last: math.MaxInt64}, `{"count":2147483647,"last_round":9223372036854775807}`},
	} {
		text := c.value.Encode()
		if string(text) != c.text {
			t.Errorf("%+v is written as %s, want %s", c.value, text, c.text)
		}
		if got, ok := value.DecodeLatch(&kv.Item{Value: text}); !ok || got != c.value {
			t.Errorf("%s is read as %+v, %v", text, got, ok)
		}
	}
}

// scribbles can't be read as anything.
var scribbles = []string{
	"", "x", "{", "[]", "7", `""`, "true", "\xff\xfe", "{}x", `{"permits":2}{"count":2}`, strings.Repeat("[", 20_000),
	`{"permits":"1","count":"1"}`, `{"permits":[],"count":{}}`, `{"permits":1.5,"count":1.5}`, `{"permits":1e300,"count":1e300}`,
	`{"permits":9223372036854775808,"count":9223372036854775808}`, `{"permits":2147483648,"count":2147483648}`,
	`{"permits":1,"count":1,"request":7,"by":7,"last_round":"7"}`,
}

// What is read in part must not count: half of a record admits nobody, and half of a ticket is one permit of somebody's.
func TestWhatCpgateDidNotWriteIsReadAsNothing(t *testing.T) {
	for _, text := range append(scribbles, `{"permits":-2147483649}`, `{"permits":2,"admitted_through":7}`, `{"permits":2,"sessionless":"yes"}`) {
		if s, ok := value.DecodeSemaphore(item(text)); ok || s != (value.Semaphore{}) || s.Limit() != (line.Limit{}) {
			t.Errorf("%.60q is read as semaphore %+v", text, s)
		}
	}
	for _, text := range append(scribbles, "null", "{}", `{"permits":0}`, `{"permits":-1}`, `{"permits":2,"since":"never"}`, `{"permits":2,"attempt":4294967296}`) {
		if s, ok := value.DecodeTicket(item(text)); ok || s != (value.Ticket{Permits: 1}) {
			t.Errorf("%.60q is read as ticket %+v", text, s)
		}
	}
	for _, text := range append(scribbles, "null", "{}", `{"count":0}`, `{"count":-1}`, `{"count":2,"last_round":"x"}`) {
		if s, ok := value.DecodeLatch(item(text)); ok || s != (value.Latch{}) {
			t.Errorf("%.60q is read as latch %+v", text, s)
		}
	}
}

// What a person may write by hand.
func TestAValueThatSaysMoreOrLessThanCpgateWritesIsRead(t *testing.T) {
	if s, ok := value.DecodeSemaphore(item(` { "permits" : 3, "note": [1] } `)); !ok || s != (value.Semaphore{Permits: 3}) {
		t.Errorf("semaphore %+v, %v", s, ok)
	}
	if s, ok := value.DecodeTicket(item(`{"permits":3,"note":{}}`)); !ok || s != (value.Ticket{Permits: 3}) {
		t.Errorf("ticket %+v, %v", s, ok)
	}
	if l, ok := value.DecodeLatch(item(`{"count":3,"note":null}`)); !ok || l != (value.Latch{Count: 3}) {
		t.Errorf("latch %+v, %v", l, ok)
	}
}

func TestATicketIsForeignWhereCpgateWouldNotHavePutItSo(t *testing.T) {
	const group = "cp/semaphore/a/"
	good := string(value.Ticket{Permits: 3, Asked: 4, By: "g.1"}.Encode())
	for _, c := range []struct {
		what, key, text string
		lease           kv.LeaseID
		sid             int64
		foreign         bool
	}{
		{"of a session", "7a.r", good, 0x7a, 0x7a, false},
		{"without a session", "-.r", good, 0, 0, false},
		{"on no lease", "7a.r", good, 0, 0, true},
		{"on another's lease", "7a.r", good, 0x7b, 0, true},
		{"without a session, on a lease", "-.r", good, 0x7a, 0, true},
		{"without a request", "7a", good, 0x7a, 0, true},
		{"of any depth", "7a.r/x", good, 0x7a, 0, true},
		{"spelled otherwise", "7A.r", good, 0x7a, 0, true},
		{"of nobody", "", good, 0, 0, true},
		{"that can't be read", "7a.r", "x", 0x7a, 0, true},
		{"without permits", "7a.r", `{"permits":0}`, 0x7a, 0, true},
	} {
		sid, got, foreign := value.ReadTicket(group, &kv.Item{Key: group + c.key, Value: []byte(c.text), Lease: c.lease})
		want := value.Ticket{Permits: 3, Asked: 4, By: "g.1"}
		if c.foreign {
			want = value.Ticket{Permits: 1}
		}
		if sid != c.sid || got != want || foreign != c.foreign {
			t.Errorf("a ticket %s: session %x, %+v, foreign %v", c.what, sid, got, foreign)
		}
	}
}

func TestATicketRemembersWhatItCameFor(t *testing.T) {
	for _, c := range []struct{ permits, asked, got int64 }{{3, 0, 3}, {1, 3, 3}, {3, 3, 3}, {3, 1, 3}} {
		if got := (value.Ticket{Permits: c.permits, Asked: c.asked}).Got(); got != c.got {
			t.Errorf("%d permits of %d asked for: got %d, want %d", c.permits, c.asked, got, c.got)
		}
	}
}

func TestTheLimitIsThatOfTheRecordUnlessItIsWithoutSessions(t *testing.T) {
	through := &value.Through{Create: 7, Key: "k"}
	for _, c := range []struct {
		value value.Semaphore
		want  line.Limit
	}{
		{value.Semaphore{}, line.Limit{}},
		{value.Semaphore{Permits: 3}, line.Limit{Permits: 3}},
		{value.Semaphore{Permits: -3, Through: through, Pause: "p"}, line.Limit{Permits: -3, Through: line.Place{Create: 7, Key: "k"}}},
		{value.Semaphore{Permits: 3, Sessionless: true, Through: through}, line.Limit{}},
	} {
		if got := c.value.Limit(); got != c.want {
			t.Errorf("%+v admits by %+v, want %+v", c.value, got, c.want)
		}
	}
}
