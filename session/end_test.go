package session_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/session"
)

// possess gives the session keys of every kind, and returns them with its marker.
func (w *world) possess(id session.ID) []string {
	w.t.Helper()
	sid := int64(id)
	all := []string{
		w.space.LockTicket("a", sid, ""), w.space.LockTicket("a", sid, "w"), w.space.LockTicket("b/c", sid, ""),
		w.space.LockMemo(sid, "a", "r"), w.space.Forced(sid, "a", 7),
	}
	for _, key := range all {
		w.put(key, "{}", id)
	}
	all = append(all, w.marker(id))
	slices.Sort(all)
	return all
}

// deletions watches for deletions from now on, and returns what waits for the first revision that has some.
func (w *world) deletions() func() []string {
	w.t.Helper()
	r, err := w.etcd.Get(w.t.Context(), "x")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), soon)
	all := w.etcd.Watch(ctx, w.space.Prefix(), clientv3.WithPrefix(), clientv3.WithFilterPut(), clientv3.WithRev(r.Header.Revision+1))
	return func() (keys []string) {
		defer cancel()
		for seen := range all {
			for _, e := range seen.Events {
				if rev := seen.Events[0].Kv.ModRevision; e.Kv.ModRevision == rev {
					keys = append(keys, string(e.Kv.Key))
				}
			}
			if len(keys) > 0 {
				break
			}
		}
		slices.Sort(keys)
		return keys
	}
}

// X1. "close → everything it held or waited for is free at once, in one step; true, or false if it was gone already."
func TestCloseFreesAllInOneStepAndOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k, other := w.keeper(), w.keeper()
	b, stays := w.open(k, "r", 60), w.open(k, "stays", 60)
	keys, theirs := w.possess(b.ID), w.possess(stays.ID)
	gone := w.deletions()
	if closed, err := other.Close(t.Context(), b.ID); err != nil || !closed {
		t.Fatal(closed, err)
	}
	if got := gone(); !slices.Equal(got, keys) {
		t.Errorf("gone in one step: %q, want %q", got, keys)
	}
	if w.leased(b.ID) {
		t.Error("the lease is still there")
	}
	wantExpired(t, k, b.ID)
	wantExpired(t, other, b.ID)
	for _, key := range theirs {
		if w.item(key) == nil {
			t.Errorf("%q of another session is gone", key)
		}
	}
}

func TestOfManyClosesAtOnceOneIsTrue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	gateways := []*session.Keeper{w.keeper(), w.keeper()}
	id := w.open(gateways[0], "r", 60).ID
	var wg sync.WaitGroup
	answers := make([]bool, 20)
	for n := range answers {
		wg.Go(func() {
			var err error
			if answers[n], err = gateways[n%2].Close(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(slices.DeleteFunc(answers, func(yes bool) bool { return !yes })); n != 1 {
		t.Errorf("%d closed it", n)
	}
}

// X1. "expiry → [...] in one step."
func TestExpiryFreesAllInOneStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	begin := time.Now()
	b := w.open(k, "r", 2)
	keys := w.possess(b.ID)
	gone := w.deletions()
	if got := gone(); !slices.Equal(got, keys) {
		t.Errorf("gone in one step: %q, want %q", got, keys)
	}
	if d := time.Since(begin); d < b.ValidFor {
		t.Errorf("expired after %v, valid for %v", d, b.ValidFor)
	}
	wantExpired(t, k, b.ID)
}

// "A marker whose lease is not its own id counts as absent, and the gateway that sees a damaged one revokes the
// lease."
func TestASessionWhoseMarkerLostItsLeaseIsGoneWithAllItHad(t *testing.T) {
	t.Parallel()
	for what, sees := range map[string]func(w *world, k *session.Keeper, id session.ID){
		"Get":       func(w *world, k *session.Keeper, id session.ID) { _, _ = k.Get(w.t.Context(), id) },
		"Heartbeat": func(w *world, k *session.Keeper, id session.ID) { _, _ = k.Heartbeat(w.t.Context(), id) },
		"Close":     func(w *world, k *session.Keeper, id session.ID) { _, _ = k.Close(w.t.Context(), id) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared)
			k := w.keeper()
			const another = session.ID(0x0de7)
			_ = w.tryGrant(another, 600) // for all three
			for _, lease := range []session.ID{0, another} {
				b := w.open(k, what, 60)
				keys := w.possess(b.ID)
				w.put(w.marker(b.ID), `{"name":"by hand"}`, lease)
				if w.live(k, b.ID) {
					t.Error("a session whose marker is on another lease lives")
				}
				if all, _, err := k.List(t.Context(), "", "", 10); err != nil || len(all) != 0 {
					t.Errorf("listed: %+v, %v", all, err)
				}
				sees(w, k, b.ID)
				for _, key := range keys {
					if i := w.item(key); i != nil {
						t.Errorf("%q is still there: %s", key, i.Value)
					}
				}
				wantExpired(t, k, b.ID)
				if w.leased(b.ID) || !w.leased(another) {
					t.Error("the session's lease must be gone, and no other")
				}
			}
		})
	}
}

// One whose lease is gone already is only removed.
func TestAMarkerThatNeverWasASessionIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	w.put(w.marker(0xabc), "", 0)
	wantExpired(t, k, 0xabc)
	if i := w.item(w.marker(0xabc)); i != nil {
		t.Errorf("%+v", i)
	}
}

func TestMendLeavesALivingSessionAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	b := w.open(k, "r", 60)
	if !w.live(k, b.ID) { // so that the mirror is not late
		t.Fatal("the session is not there")
	}
	k.Mend(t.Context(), b.ID)
	k.Mend(t.Context(), 0x7a)
	if !w.live(k, b.ID) {
		t.Error("the session is gone")
	}
}

// The lease alone makes a session: a value that can't be read only hides what it said.
func TestAMarkerThatCanNotBeReadIsStillASession(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "{", "null", "7", `"x"`, `[]`, `{"name":7}`, `{"ttl_seconds":"x","created":"never"}`, "\xff\x00"} {
		w := newWorld(t, shared)
		k := w.keeper()
		b := w.open(k, "r", 60)
		w.put(w.marker(b.ID), value, b.ID)
		if s, err := k.Get(t.Context(), b.ID); err != nil || s.ID != b.ID || s.Name != "" {
			t.Errorf("marker %q: %+v, %v", value, s, err)
		}
		if all, _, err := k.List(t.Context(), "", "", 10); err != nil || len(all) != 1 || all[0].ID != b.ID {
			t.Errorf("marker %q: %+v, %v", value, all, err)
		}
		if beats, err := k.Heartbeat(t.Context(), b.ID); err != nil || beats[0].Expired || beats[0].TTL != b.TTL {
			t.Errorf("marker %q: %+v, %v", value, beats, err)
		}
		if again := w.open(k, "r", 60); again.ID != b.ID {
			t.Errorf("marker %q: opened again as %+v", value, again)
		}
		if closed, err := k.Close(t.Context(), b.ID); err != nil || !closed {
			t.Errorf("marker %q: %v, %v", value, closed, err)
		}
	}
}
