package fencedlock_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/session"
)

// "Bounds, each with a clear error: 1,000 tickets per session". Holds and waits count, memos and markers don't.
func TestBounds_TicketsOfASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b := g.caller("a"), g.caller("b")
	for n := range 30 { // memos
		r := fencedlock.CancelRequest{Name: "orders", Caller: a, RequestID: fmt.Sprintf("c%d", n)}
		if _, err := g.Cancel(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	g.begin(lockOf(b, "r0", patient())).held()
	p := g.begin(lockOf(a, "r1", patient()))
	w.inLine("orders", "r1")
	var puts []clientv3.Op
	for n := range session.MaxTickets - 2 {
		key := fmt.Sprintf("%slock/n%d/%s", w.prefix, n, a.Session)
		puts = append(puts, clientv3.OpPut(key, `{"holds":[{"request":"r"}]}`, clientv3.WithLease(clientv3.LeaseID(a.Session))))
	}
	if _, err := w.etcd.Txn(t.Context()).Then(puts...).Commit(); err != nil {
		t.Fatal(err)
	}
	g.begin(request("last", a, "r2")).held()
	g.current()
	if _, err := g.Lock(t.Context(), request("one more", a, "r3")); !errors.Is(err, session.ErrTooManyTickets) || !strings.Contains(err.Error(), "1000") {
		t.Fatalf("got %v", err)
	}
	if again := g.begin(request("last", a, "r4")).held(); again.HoldCount != 2 {
		t.Errorf("a ticket that is there is one already: got %+v", again)
	}
	unlock(t, g, b, "u0", 0)
	p.held()
	unlock(t, g, a, "u1", 0)
	g.begin(request("one more", a, "r3")).held()
}

// MaxHolds bounds a ticket's value, whatever the configured limit.
func TestBounds_HoldsOfOneLock(t *testing.T) {
	t.Parallel()
	for says, limit := range map[string]string{"unlimited": "", "a limit beyond": "5000"} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			g := w.gateway(strings.Fields(limit)...)
			a := g.caller("a")
			held := g.begin(lockOf(a, "r0", patient())).held()
			holds := make([]string, fencedlock.MaxHolds-1)
			for n := range holds {
				holds[n] = fmt.Sprintf(`{"request":"r%d","by":"x.%d"}`, n, n)
			}
			value := fmt.Sprintf(`{"holds":[%s],"since":"2026-01-01T00:00:00Z"}`, strings.Join(holds, ","))
			w.put("lock/orders/"+a.Session.String(), value, clientv3.WithLease(clientv3.LeaseID(a.Session)))
			if got := g.begin(lockOf(a, "last", patient())).held(); got.HoldCount != fencedlock.MaxHolds || got.Fence != held.Fence {
				t.Fatalf("got %+v", got)
			}
			got, err := g.Lock(t.Context(), lockOf(a, "more", patient()))
			if err != nil || got.Outcome != fencedlock.LimitReached || got.HoldCount != fencedlock.MaxHolds || got.Fence != held.Fence {
				t.Fatalf("got %+v, %v", got, err)
			}
			unlock(t, g, a, "u", fencedlock.MaxHolds-1)
		})
	}
}

// "at most 100 per session, oldest dropped": the newest answers are remembered, and their number stays bounded.
func TestBounds_MemosOfASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a := g.caller("a")
	const asked, kept = 150, 100
	for n := range asked {
		if n == asked-1 {
			g.current() // on a late view one too many may stay until the next
		}
		r := fencedlock.CancelRequest{Name: "orders", Caller: a, RequestID: fmt.Sprintf("r%d", n)}
		if _, err := g.Cancel(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if memos := w.left("gateway/", "session/"); len(memos) != kept {
		t.Errorf("%d memos", len(memos))
	}
	for _, n := range []int{asked - kept, asked - 1} {
		if _, err := g.Lock(t.Context(), lockOf(a, fmt.Sprintf("r%d", n), within(0))); !errors.Is(err, fencedlock.ErrWaitCancelled) {
			t.Errorf("r%d: got %v", n, err)
		}
	}
	g.begin(lockOf(a, "r0", within(0))).held() // forgotten: as if never cancelled
}
