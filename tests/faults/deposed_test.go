package faults_test

import (
	"context"
	"log/slog"
	"syscall"
	"testing"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/tests/faults"
)

// A holder that is stopped, or sleeps, for longer than its TTL is deposed, and does not know it when it goes on. A store
// that looks at fences takes no write of it behind one of the next holder, and none of the next holder's is turned away (L2),
// whatever else happens meanwhile. A store that does not look gets the same writes and takes the one that is too late: so
// the test can see it.
func TestDeposed_HolderIsTurnedAwayByItsFence(t *testing.T) {
	for name, kind := range map[string]*faults.Kind{
		"nothing else": nil, "leader killed": &faults.KillLeader, "leader isolated": &faults.IsolateLeader,
		"expiry storm": &faults.ExpiryStorm,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := faults.Start(t, 3)
			for n := range uint64(*rounds) {
				var f *faults.Fault
				if kind != nil {
					f = c.Fault(*kind, *seed+n)
				}
				depose(t, c, f)
			}
		})
	}
}

// heir waits for the lock of a holder, through another client.
type heir struct {
	*holder
	stores []*faults.Store
	lock   *client.Lock
	got    chan error
}

// depose stops holders, injects the fault, and lets the holders go on when others hold.
func depose(t *testing.T, c *faults.Cluster, f *faults.Fault) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*faults.Soon)
	defer cancel()
	heirs := []*heir{newHeir(ctx, t, c, goClient), newHeir(ctx, t, c, bareCalls)}
	heirs[0].signal(syscall.SIGSTOP) // the other one sleeps
	if f != nil {
		if err := f.Inject(ctx); err != nil {
			t.Fatal(err)
		}
		t.Log(f)
	}
	for _, h := range heirs {
		if err := <-h.got; err != nil {
			t.Fatalf("the next one got: %v", err)
		}
		h.write()
	}
	if f != nil {
		if err := f.Heal(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range heirs {
		h.tell()
	}
	heirs[0].signal(syscall.SIGCONT)
	for i, h := range heirs {
		accepted, believes := h.writes(h.stores...)
		if accepted[0] || !accepted[1] {
			t.Errorf("%s: its late write is accepted: %v with the check, %v without", h.name, accepted[0], accepted[1])
		}
		if i == 0 && believes != 0 {
			t.Errorf("%s: the client still gives fence %d", h.name, believes)
		}
		h.end(ctx)
	}
}

// newHeir starts a holder that has written, and waits behind it.
func newHeir(ctx context.Context, t *testing.T, c *faults.Cluster, how string) *heir {
	t.Helper()
	other := must(client.NewWith(client.Config{
		Endpoints: c.Addrs(), SessionTTL: loadTTL, Logger: slog.New(slog.DiscardHandler),
	}))(t)
	t.Cleanup(func() { _ = other.Close() })
	if _, err := other.SessionID(ctx); err != nil { // so that its turn comes as soon as the holder's is over
		t.Fatal(err)
	}
	name := "store of " + how
	h := &heir{
		holder: startHolder(t, how, name, c.Addrs()), stores: []*faults.Store{{}, {Unchecked: true}},
		lock: other.Lock(name), got: make(chan error, 1),
	}
	h.tell()
	h.writes(h.stores...)
	go func() {
		_, err := h.lock.Lock(ctx)
		h.got <- err
	}()
	return h
}

// write is one by who holds now.
func (h *heir) write() {
	h.Helper()
	fence := h.lock.Fence()
	for _, s := range h.stores {
		if !s.Write("who holds behind the "+h.name, int64(fence)) {
			h.Errorf("%s had fence %d, and a write of the next one under fence %d is turned away", h.name, h.fence, fence)
		}
	}
}

// end looks at what the stores took.
func (h *heir) end(ctx context.Context) {
	h.Helper()
	h.write()
	if err := h.lock.Unlock(ctx); err != nil {
		h.Error(err)
	}
	if err := h.stores[0].Check(); err != nil {
		h.Error(err)
	}
	if err := h.stores[1].Check(); err == nil {
		h.Error("a store that looks at no fence took no write that was too late: this test sees nothing")
	}
}

// Check finds what fences are to prevent by itself, without looking at fences.
func TestStore_ChecksWhoWroteWhen(t *testing.T) {
	for writes, broken := range map[string]bool{"": false, "aabbc": false, "aba": true, "abca": true} {
		s := &faults.Store{Unchecked: true}
		for _, hold := range writes {
			s.Write(string(hold), 1)
		}
		if err := s.Check(); (err != nil) != broken {
			t.Errorf("%q: %v", writes, err)
		}
	}
}
