package session_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cpgate/cpgate/session"
)

func TestHeartbeatsAreAnsweredInTheOrderAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k, other := w.keeper(), w.keeper()
	var ids []session.ID
	expired := map[session.ID]bool{}
	for n := range 50 {
		b := w.open(k, fmt.Sprint(n), int32(60+n))
		if ids = append(ids, b.ID); n%7 == 0 {
			expired[b.ID] = true
			if _, err := other.Close(t.Context(), b.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	ids = append(ids, ids[1], ids[1]) // asked for more than once
	beats, err := k.Heartbeat(t.Context(), ids...)
	if err != nil || len(beats) != len(ids) {
		t.Fatal(len(beats), err)
	}
	for n, b := range beats {
		want := session.Beat{ID: ids[n], Expired: true}
		if !expired[ids[n]] {
			want = session.Beat{ID: ids[n], TTL: time.Duration(60+n) * time.Second, ValidFor: b.ValidFor}
			if n >= 50 {
				want.TTL = 61 * time.Second
			}
		}
		if b != want || b.ValidFor > b.TTL || !b.Expired && b.ValidFor < b.TTL-soon {
			t.Errorf("beat %d is %+v, want %+v", n, b, want)
		}
	}
}

func TestAHeartbeatForNobodyIsAnswered(t *testing.T) {
	t.Parallel()
	if beats, err := newWorld(t, shared).keeper().Heartbeat(t.Context()); err != nil || len(beats) != 0 {
		t.Errorf("%v, %v", beats, err)
	}
}

func TestAHeartbeatKeepsASessionAlive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	b := w.open(k, "r", 2)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		beats, err := k.Heartbeat(t.Context(), b.ID)
		if err != nil || beats[0].Expired {
			t.Fatalf("%+v, %v", beats, err)
		}
	}
}

// "Any call with an unknown, expired or closed session: SESSION_EXPIRED."
func TestAnUnknownOrClosedSessionIsExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	closed := w.open(k, "r", 60).ID
	if _, err := k.Close(t.Context(), closed); err != nil {
		t.Fatal(err)
	}
	wantExpired(t, k, closed)
	wantExpired(t, k, 0x7a)
}

func wantExpired(t *testing.T, k *session.Keeper, id session.ID) {
	t.Helper()
	if beats, err := k.Heartbeat(t.Context(), id); err != nil || beats[0] != (session.Beat{ID: id, Expired: true}) {
		t.Errorf("Heartbeat: %+v, %v", beats, err)
	}
	if s, err := k.Get(t.Context(), id); !errors.Is(err, session.ErrExpired) {
		t.Errorf("Get: %+v, %v", s, err)
	}
	if closed, err := k.Close(t.Context(), id); closed || err != nil {
		t.Errorf("Close: %v, %v", closed, err)
	}
	if d, ok := k.ValidFor(id); ok {
		t.Errorf("ValidFor: %v", d)
	}
}

// A lease that some other program has under that id may be renewed and yet is no session.
func TestALeaseWithoutAMarkerIsNoSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	id := w.open(k, "r", 60).ID
	if _, err := k.Close(t.Context(), id); err != nil { // so that its id is nobody's
		t.Fatal(err)
	}
	w.grant(id, 60)
	w.put(w.space.Prefix()+"x", "theirs", id)
	wantExpired(t, k, id)
	if w.item(w.space.Prefix()+"x") == nil || !w.leased(id) {
		t.Error("the lease of another program is gone")
	}
}
