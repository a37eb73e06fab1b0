package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// "open(ttl?) → id, ttl, heartbeat interval. TTL default 300 s, minimum 2 s, whole seconds."
func TestOpenGrantsTheTTLAskedForOrTheDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	for _, c := range []struct {
		name    string
		seconds int32
		want    time.Duration
	}{
		{"default", 0, ttl},
		{"least", session.MinTTLSeconds, 2 * time.Second},
		{"most", session.MaxTTLSeconds, 7 * 24 * time.Hour},
		{"some", 77, 77 * time.Second},
		{"less than etcd grants", 1, session.MinTTLSeconds * time.Second},
	} {
		b := w.open(k, c.name, c.seconds)
		if b.TTL != c.want || b.ID <= 0 || b.Expired || b.ValidFor > b.TTL || b.ValidFor < b.TTL-soon {
			t.Errorf("%s: %+v, want a TTL of %v", c.name, b, c.want)
		}
		if s, err := k.Get(t.Context(), b.ID); err != nil || s.TTL != c.want || s.ID != b.ID {
			t.Errorf("%s: got %+v, %v", c.name, s, err)
		}
	}
	if k.HeartbeatInterval() != interval {
		t.Errorf("heartbeat every %v, want %v", k.HeartbeatInterval(), interval)
	}
}

func TestAMarkerTellsAPersonWhoOpenedTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	begin := time.Now().Add(-time.Second)
	b, err := k.Open(t.Context(), session.Opening{
		TTLSeconds: 60, Name: "billing", RequestID: w.request("r"), User: "ann", ClientAddress: "10.0.0.7",
	})
	if err != nil {
		t.Fatal(err)
	}
	i := w.item(w.marker(b.ID))
	if i == nil || int64(i.Lease) != int64(b.ID) {
		t.Fatalf("marker %+v of session %s", i, b.ID)
	}
	var shown map[string]any
	if err := json.Unmarshal(i.Value, &shown); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{"name": "billing", "user": "ann", "client_address": "10.0.0.7", "ttl_seconds": 60.0} {
		if shown[field] != want {
			t.Errorf("%s is %v, want %v, in %s", field, shown[field], want, i.Value)
		}
	}
	s, err := k.Get(t.Context(), b.ID)
	if err != nil || s.Name != "billing" || s.User != "ann" || s.ClientAddress != "10.0.0.7" || s.Tickets != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if s.Created.Before(begin) || s.Created.After(time.Now().Add(time.Second)) {
		t.Errorf("created %v", s.Created)
	}
}

// "Opening again with the same request id answers the same session."
func TestOpenRepeatedAnswersTheSameSessionThroughAnyGateway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	gateways := []*session.Keeper{w.keeper(), w.keeper()}
	first := w.open(gateways[0], "r", 60)
	was := w.item(w.marker(first.ID))
	for n := range 4 {
		again := w.open(gateways[n%2], "r", 120) // another TTL changes nothing
		if again.ID != first.ID || again.TTL != first.TTL {
			t.Errorf("%+v, first %+v", again, first)
		}
	}
	if now := w.item(w.marker(first.ID)); now == nil || now.Mod != was.Mod {
		t.Errorf("the marker %+v was written again: %+v", was, now)
	}
}

func TestManyOpensAtOnceWithOneRequestIDAreOneSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	gateways := []*session.Keeper{w.keeper(), w.keeper()}
	var wg sync.WaitGroup
	ids := make([]session.ID, 30)
	for n := range ids {
		wg.Go(func() {
			b, err := gateways[n%2].Open(t.Context(), session.Opening{RequestID: w.request("r")})
			if err != nil {
				t.Error(err)
			}
			ids[n] = b.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("sessions %v", ids)
		}
	}
	if all, _, err := gateways[0].List(t.Context(), "", "", 10); err != nil || len(all) != 1 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
}

// "A session serves only the user who opened it": another user's request id leads to another session.
func TestOpensOfOtherUsersOrWithOtherRequestIDsAreOtherSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	seen := map[session.ID]session.Opening{}
	for _, o := range []session.Opening{
		{User: "", RequestID: w.request("ab")},
		{User: "a", RequestID: w.request("ab")},
		{User: "b", RequestID: w.request("ab")},
		{User: "a", RequestID: w.request("b")},
		{User: "a" + w.request(""), RequestID: "b"},
	} {
		b, err := k.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[b.ID]; ok {
			t.Errorf("%+v and %+v are one session", o, other)
		}
		seen[b.ID] = o
	}
}

// An id is not used up by the session that had it.
func TestOpenAfterCloseIsANewSessionOfTheSameID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	first := w.open(k, "r", 60)
	old := w.item(w.marker(first.ID))
	if closed, err := k.Close(t.Context(), first.ID); err != nil || !closed {
		t.Fatal(closed, err)
	}
	again := w.open(k, "r", 120)
	now := w.item(w.marker(again.ID))
	if again.ID != first.ID || again.TTL != 120*time.Second || now == nil || now.Create <= old.Create {
		t.Errorf("%+v after %+v, marker %+v after %+v", again, first, now, old)
	}
}

// A marker whose lease was lost is removed on the way: the next try opens the session.
func TestOpenOfADamagedSessionMendsItForTheNextTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	b := w.open(k, "r", 60)
	w.put(w.marker(b.ID), "damaged", 0)
	if _, err := k.Open(t.Context(), session.Opening{RequestID: w.request("r")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("opened on a damaged marker: %v", err)
	}
	again := w.open(k, "r", 60)
	if i := w.item(w.marker(again.ID)); again.ID != b.ID || i == nil || int64(i.Lease) != int64(b.ID) {
		t.Errorf("%+v, marker %+v", again, i)
	}
}

// A gateway that died between the lease and the marker leaves a lease without one.
func TestOpenFinishesWhatAnotherGatewayBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	id := w.open(k, "r", 60).ID
	if _, err := k.Close(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.grant(id, 90)
	if b := w.open(k, "r", 60); b.ID != id || b.TTL != 90*time.Second || !w.live(k, id) {
		t.Errorf("%+v", b)
	}
}

func TestEveryCallEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	id := w.open(k, "r", 60).ID
	gone, leave := context.WithCancel(t.Context())
	leave()
	wantEach(gone, t, w, k, id, context.Canceled)
}

func TestEveryCallOnAStoppedMemberIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ownMember(t))
	k := w.keeper()
	id := w.open(k, "r", 60).ID
	if err := w.member.Close(); err != nil {
		t.Fatal(err)
	}
	wantEach(t.Context(), t, w, k, id, store.ErrUnavailable)
}

func wantEach(ctx context.Context, t *testing.T, w *world, k *session.Keeper, id session.ID, want error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	_, open := k.Open(ctx, session.Opening{RequestID: w.request("new")})
	_, again := k.Open(ctx, session.Opening{RequestID: w.request("r")})
	_, beat := k.Heartbeat(ctx, id)
	_, closing := k.Close(ctx, id)
	_, get := k.Get(ctx, id)
	_, _, list := k.List(ctx, "", "", 10)
	for what, err := range map[string]error{
		"Open": open, "Open again": again, "Heartbeat": beat, "Close": closing, "Get": get, "List": list,
	} {
		if !errors.Is(err, want) || errors.Is(err, store.ErrUnavailable) != errors.Is(want, store.ErrUnavailable) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
}
