package faults_test

import (
	"strings"
	"testing"

	"github.com/cpgate/cpgate/tests/faults"
)

// put and gone are events of a log that says only what matters.
func put(revision, create int64, key, value string, lease int64) faults.Event {
	return faults.Event{Revision: revision, Create: create, Key: key, Value: []byte(value), Lease: lease}
}

func gone(revision int64, key string) faults.Event {
	return faults.Event{Revision: revision, Key: key, Deleted: true}
}

// Two sessions lock, wait, unlock; then three share a semaphore of two permits, whose limit is lowered, and one closes.
func goodLog() []faults.Event {
	return []faults.Event{
		put(2, 2, "cp/session/a", "{}", 0xa),
		put(3, 3, "cp/session/b", "{}", 0xb),
		put(4, 4, "cp/lock/x%2Fy/a", "{}", 0xa),
		put(5, 5, "cp/lock/x%2Fy/b.me", "{}", 0xb),
		put(6, 5, "cp/lock/x%2Fy/b.me", `{"again":1}`, 0xb),
		gone(7, "cp/lock/x%2Fy/a"),
		put(8, 8, "cp/semaphore/s", `{"permits":2}`, 0),
		put(9, 9, "cp/semaphore/s/a.1", `{"permits":1}`, 0xa),
		put(10, 10, "cp/semaphore/s/b.1", `{"permits":2}`, 0xb),
		put(11, 11, "cp/semaphore/s/a.2", `{"permits":1}`, 0xa),
		put(12, 8, "cp/semaphore/s", `{"permits":1,"admitted_through":{"create":9,"key":"cp/semaphore/s/a.1"}}`, 0),
		put(13, 8, "cp/semaphore/s", `{"permits":3,"admitted_through":{"create":9,"key":"cp/semaphore/s/a.1"}}`, 0),
		gone(14, "cp/session/b"), gone(14, "cp/semaphore/s/b.1"), gone(14, "cp/lock/x%2Fy/b.me"),
		put(15, 15, "elsewhere", "", 0),
	}
}

var goodWitnesses = []faults.Witness{
	{Revision: 15, Semaphore: "s", Session: "a", Permits: 2},
	{Revision: 4, Lock: "x/y", Fence: 4},
	{Revision: 6, Lock: "x/y", Fence: 4},
	{Revision: 7, Lock: "x/y", Fence: 5},
	{Revision: 13, Lock: "x/y", Fence: 5},
	{Revision: 9, Semaphore: "s", Session: "a", Permits: 1},
	{Revision: 12, Semaphore: "s", Session: "a", Permits: 1},
	{Revision: 13, Semaphore: "s", Session: "b", Permits: 2},
}

func TestAudit_FindsNothingWhereNothingIs(t *testing.T) {
	if err := faults.Audit(goodLog(), goodWitnesses); err != nil {
		t.Error(err)
	}
}

func TestAudit_FindsWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		doctor  func(log []faults.Event) []faults.Event
		witness faults.Witness
		want    string
	}{
		"a revision that is missing": {
			doctor: func(l []faults.Event) []faults.Event { return append(l[:3:3], l[4:]...) }, want: "the next one is 6",
		},
		"a fence from the past": {
			doctor: func(l []faults.Event) []faults.Event { l[3].Create = 3; return l }, want: "has come in 3, not in 5",
		},
		"a ticket that changes its place": {
			doctor: func(l []faults.Event) []faults.Event { l[4].Create = 6; return l }, want: "has come in 6, not in 5",
		},
		"a ticket left by a session": {
			doctor: func(l []faults.Event) []faults.Event { return append(l[:13:13], l[15]) }, want: "session b is gone and ",
		},
		"a ticket behind its session": {
			doctor: func(l []faults.Event) []faults.Event { return append(l, put(16, 16, "cp/lock/z/b", "", 0xb)) },
			want:   "there is no session b",
		},
		"a put without the lease": {
			doctor: func(l []faults.Event) []faults.Event { l[4].Lease = 0; return l }, want: "is on lease 0",
		},
		"a holder before its turn":           {witness: faults.Witness{Revision: 6, Lock: "x/y", Fence: 5}, want: "x%2Fy/a holds"},
		"a holder behind its unlock":         {witness: faults.Witness{Revision: 7, Lock: "x/y", Fence: 4}, want: "b.me holds"},
		"a holder of nothing":                {witness: faults.Witness{Revision: 14, Lock: "x/y", Fence: 5}, want: "nobody holds"},
		"a holder of another lock":           {witness: faults.Witness{Revision: 6, Lock: "x", Fence: 4}, want: "nobody holds"},
		"permits before their turn":          {witness: faults.Witness{Revision: 10, Semaphore: "s", Session: "b", Permits: 2}, want: "holds 0"},
		"permits of one who overtakes":       {witness: faults.Witness{Revision: 11, Semaphore: "s", Session: "a", Permits: 2}, want: "holds 1"},
		"permits that a lower limit forbids": {witness: faults.Witness{Revision: 12, Semaphore: "s", Session: "a", Permits: 2}, want: "holds 1"},
		"a record that admits too many": {
			doctor: func(l []faults.Event) []faults.Event {
				l[10].Value = []byte(`{"permits":1,"admitted_through":{"create":10,"key":"cp/semaphore/s/b.1"}}`)
				return l
			},
			want: "admits cp/semaphore/s/b.1, whose turn has not come",
		},
		"a witness of what nobody saw": {witness: faults.Witness{Revision: 16, Lock: "x/y", Fence: 5}, want: "not in the log"},
	} {
		t.Run(name, func(t *testing.T) {
			log, witnesses := goodLog(), []faults.Witness{}
			if c.doctor != nil {
				log = c.doctor(log)
			}
			if c.witness.Revision > 0 {
				witnesses = append(witnesses, c.witness)
			}
			if err := faults.Audit(log, witnesses); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, want %q", err, c.want)
			}
		})
	}
}
