package semaphore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
)

// The transaction that fills etcd up is committed, and answered as if there had been no room for it: what was asked for is
// done, and told.
func TestFull_WhatFillsEtcdUpIsDone(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"acquire": `
			op init i1 2 -> true
			a@2 acquire r0 2 -> acquired
			a@2 release u0 2 -> 2
			-@2 lose filling
			a@2 acquire r1 2 -> acquired
			b acquire r2 1 0s -> refused, 0`,
		"wait": `
			op init i1 1 -> true
			a acquire r1 1 -> acquired
			-@2 lose filling
			b@2 acquire r2 1 &
			a release u1 1 -> 1
			b await r2 -> acquired`,
		"release": `
			op init i1 2 -> true
			a@2 acquire r1 2 -> acquired
			-@2 lose filling
			a@2 release u1 1 -> 1
			b acquire r2 1 0s -> acquired`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, text)
		})
	}
}

// newSmallWorld is one on an etcd of its own that is quickly full.
func newSmallWorld(t *testing.T) *world {
	t.Helper()
	m, err := embedded.Start(t.Context(), embedded.Config{DataDir: t.TempDir(), QuotaBytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return worldOn(t, m, "full/")
}

// fill puts beside all keys until there is no room.
func (w *world) fill() {
	w.t.Helper()
	for n := 0; ; n++ {
		_, err := w.etcd.Put(w.t.Context(), fmt.Sprint("filler/", n), strings.Repeat("x", 64<<10))
		if errors.Is(err, rpctypes.ErrNoSpace) {
			return
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// twice asks for permits, and asks again after the connection was lost.
func (g *gateway) twice(r semaphore.AcquireRequest) *pending {
	p := g.begin(r)
	g.w.eventually("a ticket of "+r.RequestID, func() bool {
		return strings.Contains(strings.Join(g.w.dump(), "\n"), "."+r.RequestID+" ")
	})
	p.leave()
	return g.begin(again(r))
}

func TestFull_WhatGivesBackNeedsNoRoom(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	g := w.gateway()
	g.init(3, false)
	a, b, c, d, e := g.caller("a"), g.caller("b"), g.caller("c"), g.caller("d"), g.caller("e")
	g.twice(acquireOf(a, "r1", 2)).acquired()
	g.begin(acquireOf(b, "r2", 1)).acquired()
	next := g.wait(acquireOf(c, "r3", 2))
	r := acquireOf(d, "r4", 1)
	r.Timeout = within(8 * time.Second)
	tired := g.twice(r)
	leaves := g.wait(acquireOf(e, "r5", 1))
	cancelled := g.wait(acquireOf(e, "r6", 1))
	w.fill()

	for what, err := range map[string]error{
		"acquire": second(g.Acquire(t.Context(), acquireOf(e, "r7", 1))),
		"release of some": second(g.Release(t.Context(), semaphore.ReleaseRequest{
			Name: pool, Caller: a, Permits: 1, RequestID: "u",
		})),
		"drain":   second(g.Drain(t.Context(), semaphore.DrainRequest{Name: "other", Caller: a, RequestID: "d", Attempt: 1})),
		"change":  g.Change(t.Context(), semaphore.ChangeRequest{Name: pool, By: 1, RequestID: "c"}),
		"destroy": second(g.Destroy(t.Context(), pool)),
	} {
		if !errors.Is(err, store.ErrFull) {
			t.Errorf("%s: %v", what, err)
		}
	}
	leaves.leave()
	leaves.fails(context.Canceled)
	w.gone("r5")
	if ok, err := g.Cancel(t.Context(), semaphore.CancelRequest{Name: pool, Caller: e, RequestID: "r6"}); !ok || err != nil {
		t.Errorf("cancel: %v, %v", ok, err)
	}
	cancelled.fails(store.ErrUnavailable) // for want of a memo that says why
	if got, err := tired.await(); err != nil || got.Acquired {
		t.Errorf("who waited for the whole timeout got %+v, %v", got, err)
	}
	if got, err := g.Release(t.Context(), semaphore.ReleaseRequest{Name: pool, Caller: a, Ticket: "r1"}); err != nil || got.Released != 2 {
		t.Errorf("release of a ticket: %+v, %v", got, err)
	}
	next.acquired()
	if all := strings.Join(w.dump(), "\n"); strings.Contains(all, w.prefix+"memo/"+b.Session.String()) || strings.Contains(all, `"answer":"not acquired"`) {
		t.Errorf("there was room:\n%s", all)
	}
}

// A wait without a session is cancelled also through a gateway that has no room for the lease of a memo.
func TestFull_AWaitWithoutASession(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	g, other := w.gateway(), w.gateway()
	g.init(1, true)
	g.begin(acquireOf(nobody, "r1", 1)).acquired()
	waits := g.wait(acquireOf(nobody, "r2", 1))
	other.current()
	w.fill()
	if ok, err := other.Cancel(t.Context(), semaphore.CancelRequest{Name: pool, RequestID: "r1"}); !errors.Is(err, store.ErrFull) {
		t.Errorf("cancel of what is taken: %v, %v", ok, err)
	}
	if ok, err := other.Cancel(t.Context(), semaphore.CancelRequest{Name: pool, RequestID: "r2"}); !ok || err != nil {
		t.Errorf("cancel: %v, %v", ok, err)
	}
	waits.fails(store.ErrUnavailable)
	g.available(0)
}

func second[A any](_ A, err error) error { return err }
