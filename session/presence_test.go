package session_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/session"
)

func announce(w *world, k *session.Keeper, gateway string) *session.Presence {
	w.t.Helper()
	p, err := k.Announce(w.t.Context(), gateway, "10.0.0.7:2379")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// gateway names a gateway of the test's own.
func (w *world) gateway() string { return strings.TrimSuffix(w.space.Prefix(), "/") }

func TestAGatewayIsPresentUntilItLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	key := w.space.Gateway(w.gateway())
	for range 2 { // and again
		p := announce(w, k, w.gateway())
		i := w.item(key)
		if i == nil || i.Lease == 0 || !strings.Contains(string(i.Value), `"10.0.0.7:2379"`) {
			t.Fatalf("marker %+v", i)
		}
		if r, err := w.etcd.TimeToLive(t.Context(), clientLease(i.Lease)); err != nil || r.GrantedTTL != 10 {
			t.Errorf("%+v, %v", r, err)
		}
		if err := p.Leave(t.Context()); err != nil {
			t.Error(err)
		}
		if i := w.item(key); i != nil {
			t.Errorf("left, and still there: %+v", i)
		}
	}
}

func TestAGatewaysLeaseIsRenewedLongBeforeItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	p := announce(w, w.keeper(), w.gateway())
	lease := clientLease(w.item(w.space.Gateway(w.gateway())).Lease)
	last := int64(10)
	eventually(t, "a renewal", func() bool {
		r, err := w.etcd.TimeToLive(t.Context(), lease)
		if err != nil || r.TTL < 5 {
			t.Fatalf("it was let run down to %d of 10 seconds, %v", r.TTL, err)
		}
		renewed := r.TTL > last
		last = r.TTL
		return renewed
	})
	if err := p.Leave(t.Context()); err != nil {
		t.Error(err)
	}
}

// Lost in a long pause, or removed by hand, the marker is put again: without it the others would sweep what the
// gateway's calls have in line.
func TestAGatewayWhoseMarkerIsGoneComesBack(t *testing.T) {
	t.Parallel()
	for what, lose := range map[string]func(w *world, key string){
		"lease revoked":  func(w *world, key string) { w.revoke(session.ID(w.item(key).Lease)) },
		"marker deleted": func(w *world, key string) { _, _ = w.etcd.Delete(w.t.Context(), key) },
		"lease detached": func(w *world, key string) { w.put(key, "{}", 0) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared)
			p := announce(w, w.keeper(), w.gateway())
			key := w.space.Gateway(w.gateway())
			was := w.item(key)
			lost := time.Now()
			lose(w, key)
			eventually(t, "the marker is back", func() bool {
				i := w.item(key)
				return i != nil && i.Mod > was.Mod && i.Lease != 0 && bytes.Equal(i.Value, was.Value)
			})
			if d := time.Since(lost); d > 2*time.Second { // the others' grace
				t.Errorf("it was away for %v", d)
			}
			if err := p.Leave(t.Context()); err != nil {
				t.Error(err)
			}
			if i := w.item(key); i != nil {
				t.Errorf("left, and still there: %+v", i)
			}
		})
	}
}

// Whatever a user is called, nobody's session shares a gateway's lease.
func TestNoSessionIsOnAGatewaysLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	p := announce(w, k, w.gateway())
	b, err := k.Open(t.Context(), session.Opening{User: "gateway", RequestID: w.gateway()})
	if err != nil {
		t.Fatal(err)
	}
	if closed, err := k.Close(t.Context(), b.ID); err != nil || !closed {
		t.Error(closed, err)
	}
	if w.item(w.space.Gateway(w.gateway())) == nil {
		t.Error("a closed session took a gateway's marker with it")
	}
	if err := p.Leave(t.Context()); err != nil {
		t.Error(err)
	}
}
