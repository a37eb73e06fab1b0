package session_test

import (
	"testing"
	"time"

	"github.com/cpgate/cpgate/session"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestTheLatestDeadlineOfAllRenewalsCounts(t *testing.T) {
	t.Parallel()
	var r session.Renewals
	if d, ok := r.ValidFor(1, 7, noon); ok {
		t.Errorf("never renewed and valid for %v", d)
	}
	for _, c := range []struct {
		sent time.Duration
		want time.Duration // at noon
	}{
		{0, 60 * time.Second},
		{5 * time.Second, 65 * time.Second},
		{2 * time.Second, 65 * time.Second}, // an answer that comes late
	} {
		r.Note(1, 7, time.Minute, noon.Add(c.sent))
		if d, ok := r.ValidFor(1, 7, noon); !ok || d != c.want {
			t.Errorf("sent at %v: valid for %v, %v, want %v", c.sent, d, ok, c.want)
		}
	}
	if d, ok := r.ValidFor(2, 7, noon); ok {
		t.Errorf("another session is valid for %v", d)
	}
}

func TestADeadlineThatIsPastIsNone(t *testing.T) {
	t.Parallel()
	var r session.Renewals
	r.Note(1, 7, time.Minute, noon)
	for _, c := range []struct {
		at time.Duration
		ok bool
	}{{0, true}, {59 * time.Second, true}, {61 * time.Second, false}, {time.Hour, false}} {
		d, ok := r.ValidFor(1, 7, noon.Add(c.at))
		if ok != c.ok || ok && d != time.Minute-c.at || !ok && d != 0 {
			t.Errorf("after %v: %v, %v", c.at, d, ok)
		}
	}
}

// A session closed and opened again with the same request id has the same id, and maybe a shorter TTL.
func TestAPromiseIsForOneLifeOfASession(t *testing.T) {
	t.Parallel()
	var r session.Renewals
	r.Note(1, 7, time.Hour, noon)
	if d, ok := r.ValidFor(1, 8, noon); ok {
		t.Errorf("the next one is valid for %v", d)
	}
	r.Note(1, 8, time.Minute, noon)
	r.Note(1, 7, time.Hour, noon) // an answer that comes late
	if d, ok := r.ValidFor(1, 8, noon); !ok || d != time.Minute {
		t.Errorf("valid for %v, %v", d, ok)
	}
	if d, ok := r.ValidFor(1, 7, noon); ok {
		t.Errorf("the one before is valid for %v", d)
	}
}

func TestADroppedSessionHasNoDeadline(t *testing.T) {
	t.Parallel()
	var r session.Renewals
	r.Note(1, 7, time.Minute, noon)
	r.Drop(1)
	r.Drop(2)
	if d, ok := r.ValidFor(1, 7, noon); ok {
		t.Errorf("valid for %v", d)
	}
}

func TestPastDeadlinesAreForgottenAndOthersAreNot(t *testing.T) {
	t.Parallel()
	var r session.Renewals
	const lasting = 100
	for id := range session.ID(lasting) {
		r.Note(id+1, 7, 24*time.Hour, noon)
	}
	for n := range 100_000 { // a minute's worth lives at a time: 600
		r.Note(session.ID(1_000_000+n), 7, time.Minute, noon.Add(time.Duration(n)*100*time.Millisecond))
		if r.Len() > 4096 {
			t.Fatalf("%d sessions are remembered, of which %d can be valid", r.Len(), lasting+600)
		}
	}
	for id := range session.ID(lasting) {
		if _, ok := r.ValidFor(id+1, 7, noon); !ok {
			t.Fatalf("session %s is forgotten", id+1)
		}
	}
}
