package semaphore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// "Bounds, each with a clear error: 1,000 tickets per session". Holds, drains and waits count, memos and markers don't.
func TestBounds_TicketsOfASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.init(5, false)
	a, b := g.caller("a"), g.caller("b")
	for n := range 30 { // memos
		r := semaphore.CancelRequest{Name: pool, Caller: a, RequestID: fmt.Sprintf("c%d", n)}
		if _, err := g.Cancel(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	g.begin(acquireOf(a, "r1", 2)).acquired()
	wait := g.wait(acquireOf(a, "r2", 5))
	w.putAll(a, session.MaxTickets-3, func(n int) (key, value string) {
		return fmt.Sprintf("semaphore/n%d/%s.r", n, a.Session), `{"permits":1}`
	})
	last := g.wait(acquireOf(a, "r3", 1))
	g.current()
	full := func(err error) {
		t.Helper()
		if !errors.Is(err, session.ErrTooManyTickets) || !strings.Contains(err.Error(), "1000") {
			t.Fatalf("got %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := g.Acquire(ctx, acquireOf(a, "r4", 1))
	full(err)
	drain := semaphore.DrainRequest{Name: "other", Caller: a, RequestID: "d1"}
	if _, err := g.Init(t.Context(), semaphore.InitRequest{Name: "other", Permits: 1, RequestID: "i"}); err != nil {
		t.Fatal(err)
	}
	_, err = g.Drain(t.Context(), drain)
	full(err)
	g.begin(again(acquireOf(a, "r1", 2))).acquired() // a ticket that is there is one already
	g.release(a, "u1", 1)
	_, err = g.Drain(t.Context(), drain) // what is left of a ticket is one
	full(err)
	g.release(a, "u2", 1)
	wait.acquired()
	if n, err := g.Drain(t.Context(), drain); err != nil || n != 1 {
		t.Fatalf("drained %d, %v", n, err)
	}
	if last.over() {
		t.Error("it was not to be admitted")
	}
	g.release(a, "u3", 5)
	g.begin(acquireOf(b, "r5", 4)).acquired()
	last.acquired()
}

// Without a session nothing bounds how many wait.
func TestBounds_NoneWithoutASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.init(1, true)
	w.putAll(nobody, 2*session.MaxTickets, func(n int) (key, value string) {
		return fmt.Sprintf("semaphore/n%d/-.r", n), `{"permits":1}`
	})
	g.begin(acquireOf(nobody, "r1", 1)).acquired()
}

// "At most 100 per session, oldest dropped": the newest answers are remembered, and their number stays bounded, also
// where one release is the end of many tickets.
func TestBounds_MemosOfASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.init(200, false)
	a := g.caller("a")
	const many = memo.PerSession * 3 / 5 // and the release's own memo, and some to come
	for n := range memo.PerSession / 2 {
		g.release1(a, fmt.Sprintf("r%d", n))
	}
	w.putAll(a, many, func(n int) (key, value string) {
		return fmt.Sprintf("semaphore/pool/%s.t%02d", a.Session, n), `{"permits":1}`
	})
	g.current()
	g.release(a, "all", many)
	for range 3 {
		g.current() // on a late view one too many may stay until the next
		if _, err := g.Cancel(t.Context(), semaphore.CancelRequest{Name: pool, Caller: a, RequestID: "c"}); err != nil {
			t.Fatal(err)
		}
	}
	g.current()
	g.release1(a, "last")
	if memos := w.left("gateway/", "session/", "semaphore/"); len(memos) != memo.PerSession {
		t.Errorf("%d memos", len(memos))
	}
	g.release(a, "all", many) // is remembered, and so done once
	g.begin(again(acquireOf(a, "t09", 1))).acquired()
	g.available(200)
	g.begin(acquireOf(a, "r0", 1)).acquired() // forgotten: as if never asked
	g.available(199)
}

// "For the last 10,000 of a name": the oldest go, and a repeat of one that is remembered still counts once.
func TestBounds_MemosOfANameWithoutASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.init(0, true)
	w.putAll(nobody, memo.PerName, func(n int) (key, value string) {
		return fmt.Sprintf("memo/-/semaphore/pool/m%05d", n), `{"answer":"released","permits":1}`
	})
	w.putAll(nobody, 5, func(n int) (key, value string) { // of other names, that are not counted here
		return fmt.Sprintf("memo/-/semaphore/pool%d/m", n), `{"answer":"released","permits":1}`
	})
	g.current()
	g.release(nobody, "m09999", 1)
	g.release(nobody, "m00000", 1)
	g.available(0)
	g.release(nobody, "u1", 3)
	g.available(3)
	if n := len(w.keys(w.prefix + "memo/-/semaphore/pool/")); n != memo.PerName {
		t.Errorf("%d memos", n)
	}
	g.release(nobody, "m00001", 1) // is still remembered
	g.release(nobody, "u1", 3)
	g.available(3)
	g.release(nobody, "m00000", 1) // is forgotten, and counts anew
	g.available(4)
	w.putAll(nobody, 5, func(n int) (key, value string) { return fmt.Sprintf("memo/-/semaphore/pool/x%d", n), "{}" })
	for n := range 5 { // what is too much goes two at a time
		g.current()
		g.release(nobody, fmt.Sprintf("v%d", n), 1)
	}
	if n := len(w.keys(w.prefix + "memo/-/semaphore/pool/")); n != memo.PerName {
		t.Errorf("%d memos", n)
	}
	if left := w.keys(w.prefix + "memo/-/semaphore/pool0/"); len(left) != 1 {
		t.Errorf("another name's memo is gone")
	}
}

// "Counts once per id within 10 minutes": what is remembered lives for as long, and not for ever.
func TestBounds_MemosWithoutASessionLiveForTenMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.init(1, true)
	g.release1(nobody, "r")
	for _, k := range w.keys(w.prefix + "memo/") {
		r, err := w.etcd.TimeToLive(t.Context(), clientv3.LeaseID(k.Lease))
		if left := time.Duration(r.TTL) * time.Second; err != nil || left < 10*time.Minute || left > time.Hour {
			t.Errorf("%s lives for %v, %v", k.Key, left, err)
		}
	}
}

// release1 acquires one permit of the pool and gives it back by its number, which leaves two memos.
func (g *gateway) release1(c semaphore.Caller, request string) {
	g.w.t.Helper()
	g.begin(acquireOf(c, request, 1)).acquired()
	g.release(c, "u"+request, 1)
}

// putAll puts n keys of this world, on the caller's lease, in one transaction.
func (w *world) putAll(c semaphore.Caller, n int, spell func(n int) (key, value string)) {
	w.t.Helper()
	var puts []clientv3.Op
	for i := range n {
		key, value := spell(i)
		puts = append(puts, clientv3.OpPut(w.prefix+key, value, clientv3.WithLease(clientv3.LeaseID(c.Session))))
	}
	if _, err := w.etcd.Txn(w.t.Context()).Then(puts...).Commit(); err != nil {
		w.t.Fatal(err)
	}
}
