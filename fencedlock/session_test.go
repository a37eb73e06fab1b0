package fencedlock_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/session"
)

const (
	// shortTTL is the shortest that a session may have, in seconds.
	shortTTL = 2
	// promptly is how soon after an expiry the next in line holds, and what a busy machine adds.
	promptly = time.Second + 2*time.Second
)

// "expiry: its waits fail with SESSION_EXPIRED, its locks are freed, the next in line are admitted, in one step":
// the holder's, held reentrantly, and a waiter's, although others are ahead of it (X1).
func TestSession_ExpiryFreesAtOnceWhatItHeldAndWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := []*gateway{w.gateway(), w.gateway()}
	begun := time.Now()
	dying := fencedlock.Caller{Session: gs[0].session("dying", shortTTL)}
	b := gs[1].caller("b")
	gs[1].current()
	old := gs[0].begin(lockOf(dying, "r1", patient())).held()
	gs[1].begin(lockOf(dying, "r2", patient())).held()
	next := gs[1].begin(lockOf(b, "r3", patient()))
	w.inLine("orders", "r3")
	otherHolder := gs[0].begin(fencedlock.LockRequest{Name: "stock", Caller: b, RequestID: "r4"})
	otherHolder.held()
	behind := gs[1].begin(fencedlock.LockRequest{Name: "stock", Caller: dying, RequestID: "r5"})
	w.inLine("stock", "r5")

	behind.fails(session.ErrExpired)
	held := next.held()
	if took := time.Since(begun); took < shortTTL*time.Second || took > shortTTL*time.Second+promptly {
		t.Errorf("the next in line held %v after the session of %d s was opened", took, shortTTL)
	}
	if held.HoldCount != 1 || held.Fence <= old.Fence {
		t.Errorf("held %+v after %+v (L2)", held, old)
	}
	if len(w.seats("stock")) != 1 {
		t.Errorf("the waiter is still in line: %v", w.dump())
	}
}

// "close: everything it held or waited for is free at once, in one step" (X1).
func TestSession_CloseFreesAllInOneRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := []*gateway{w.gateway(), w.gateway()}
	a, b := gs[0].caller("a"), gs[0].caller("b")
	gs[1].current()
	var next, waits []*pending
	for n := range 5 {
		name := fmt.Sprintf("held%d", n)
		gs[n%2].begin(request(name, a, "r1")).held()
		gs[n%2].begin(request(name, a, "r2")).held()
		next = append(next, gs[(n+1)%2].begin(request(name, b, "r3")))
		w.inLine(name, "r3")
		name = fmt.Sprintf("awaited%d", n)
		gs[n%2].begin(request(name, b, "r1")).held()
		waits = append(waits, gs[n%2].begin(request(name, a, "r2")))
		w.inLine(name, "r2")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	gone := w.etcd.Watch(clientv3.WithRequireLeader(ctx), w.prefix, clientv3.WithPrefix(), clientv3.WithFilterPut(), clientv3.WithCreatedNotify())
	<-gone
	if live, err := gs[1].sessions.Close(t.Context(), a.Session); err != nil || !live {
		t.Fatal(live, err)
	}
	if r := <-gone; len(r.Events) != 11 {
		t.Errorf("%d keys went in one step, not the marker and 10 tickets", len(r.Events))
	}
	for _, p := range waits {
		p.fails(session.ErrExpired)
	}
	for _, p := range next {
		p.held()
	}
}

// A call by a session that was closed and opened anew under the same request id is a call of another session.
func TestSession_OpenedAnewHoldsNothingOfTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b := g.caller("a"), g.caller("b")
	held := g.begin(lockOf(a, "r1", patient())).held()
	g.begin(request("stock", b, "r2")).held()
	wait := g.begin(request("stock", a, "r3"))
	w.inLine("stock", "r3")
	if _, err := g.sessions.Close(t.Context(), a.Session); err != nil {
		t.Fatal(err)
	}
	if again := g.caller("a"); again != a {
		t.Fatalf("opened %v, was %v", again, a)
	}
	wait.fails(session.ErrExpired)
	u, err := g.Unlock(t.Context(), fencedlock.UnlockRequest{Name: "orders", Caller: a, RequestID: "u1", Fence: held.Fence})
	if err != nil || !u.AlreadyReleased {
		t.Errorf("unlocking got %+v, %v", u, err)
	}
	if now := g.begin(lockOf(a, "r1", patient())).held(); now.HoldCount != 1 || now.Fence <= held.Fence {
		t.Errorf("held %+v after %+v", now, held)
	}
}

// A storm of closings, each while its session's calls are at any point of their way, leaves nothing.
func TestSession_ClosedAtAnyMomentLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := []*gateway{w.gateway(), w.gateway()}
	anchor := gs[0].caller("anchor")
	for n := range scaled(60) {
		gs[0].begin(lockOf(anchor, "r0", patient())).held()
		c := gs[n%2].caller(fmt.Sprint(n))
		var ps []*pending
		for i := range 4 {
			owner := fencedlock.Caller{Session: c.Session, Owner: fmt.Sprint(i)}
			ps = append(ps, gs[i%2].begin(lockOf(owner, "r1", patient())))
		}
		go func() {
			_, _ = gs[0].Unlock(context.WithoutCancel(t.Context()), fencedlock.UnlockRequest{Name: "orders", Caller: anchor, RequestID: "u0"})
		}()
		time.Sleep(time.Duration(n%10) * 200 * time.Microsecond)
		if _, err := gs[(n+1)%2].sessions.Close(t.Context(), c.Session); err != nil {
			t.Fatal(err)
		}
		for _, p := range ps {
			if _, err := p.await(); err != nil {
				p.fails(session.ErrExpired)
			}
		}
		w.eventually("the lock is free", func() bool { return len(w.seats("orders")) == 0 })
	}
}
