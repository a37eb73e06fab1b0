package fencedlock_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// The transaction that fills etcd up is committed, and answered as if there had been no room for it: what was asked for is
// done, and told.
func TestFull_WhatFillsEtcdUpIsDone(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"lock": `
			-@2 lose filling
			a@2 lock r1 -> held 1 f1
			b lock r2 0s -> refused, a f1
			a@2 unlock u1 -> 0
			- line -> free 0`,
		"wait": `
			a lock r1 -> held 1 f1
			-@2 lose filling
			b@2 lock r2 &
			a unlock u1 -> 0
			b await r2 -> held 1 f2`,
		"unlock of what was asked for twice": `
			a@2 lock r1 -> held 1 f1
			a@2 lock r1 attempt=1 -> held 1 f1
			-@2 lose filling
			a@2 unlock u1 -> 0
			a@2 lock r1 -> wait cancelled`,
		"cancel": `
			a@2 lock r1 -> held 1 f1
			b@2 lock r2 &
			-@2 lose filling
			b@2 cancel r2 -> true
			b await r2 -> wait cancelled`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
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

// noMemo wants nothing to be remembered: there was no room for it.
func (w *world) noMemo() {
	w.t.Helper()
	if all := strings.Join(w.dump(), "\n"); strings.Contains(all, w.prefix+"memo/") {
		w.t.Errorf("there is a memo:\n%s", all)
	}
}

func TestFull_WhoeverGivesUpLeavesAndWhoeverIsNextHolds(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	g, dead := w.gateway(), w.gateway()
	g.sweeping()
	a, b, c, d, e, f := g.caller("a"), g.caller("b"), g.caller("c"), g.caller("d"), g.caller("e"), g.caller("f")
	dead.current()
	twice := func(r fencedlock.LockRequest) *pending {
		p := g.begin(r)
		w.inLine("orders", r.RequestID)
		p.leave()
		r.Attempt = 1
		return g.begin(r)
	}
	twice(lockOf(a, "r1", patient())).held()
	next := g.begin(lockOf(b, "r2", patient()))
	w.inLine("orders", "r2")
	tired := twice(lockOf(c, "r3", within(8*time.Second)))
	leaves := g.begin(lockOf(d, "r4", patient()))
	w.inLine("orders", "r4")
	dead.begin(lockOf(e, "r5", patient()))
	w.inLine("orders", "r5")
	cancelled := twice(lockOf(f, "r6", patient()))
	g.current()
	w.fill()

	for request, who := range map[string]fencedlock.Caller{"new": {Session: f.Session, Owner: "x"}, "reentrant": a} {
		if got, err := g.Lock(t.Context(), lockOf(who, request, patient())); !errors.Is(err, store.ErrFull) {
			t.Errorf("%s: %+v, %v", request, got, err)
		}
	}
	if _, err := g.sessions.Open(t.Context(), session.Opening{}); !errors.Is(err, store.ErrFull) {
		t.Errorf("a session: %v", err)
	}
	leaves.leave()
	dead.die()
	w.gone("orders", "r4")
	w.gone("orders", "r5")
	if ok, err := g.Cancel(t.Context(), fencedlock.CancelRequest{Name: "orders", Caller: f, RequestID: "r6"}); !ok || err != nil {
		t.Errorf("cancel: %v, %v", ok, err)
	}
	cancelled.fails(store.ErrUnavailable) // for want of a memo that says why
	if got, err := tired.await(); err != nil || got.Outcome != fencedlock.NotAcquired {
		t.Errorf("who waited for the whole timeout got %+v, %v", got, err)
	}
	unlock(t, g, a, "u1", 0)
	next.held()
	w.noMemo()
	if closed, err := g.sessions.Close(t.Context(), b.Session); !closed || err != nil {
		t.Errorf("close: %v, %v", closed, err)
	}
	w.eventually("nobody is in line", func() bool { return len(w.seats("orders")) == 0 })
}

// A gateway that starts while there is no room serves what needs none, and announces itself when there is some.
func TestFull_AGatewayThatStarts(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	g := w.gateway()
	a := g.caller("a")
	g.begin(lockOf(a, "r1", patient())).held()
	w.fill()
	late := w.gateway()
	unlock(t, late, a, "u1", 0)
	if strings.Contains(strings.Join(w.dump(), "\n"), late.id) {
		t.Error("there was room")
	}
}
