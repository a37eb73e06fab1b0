package fencedlock_test

import (
	"testing"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
)

func TestSmoke(t *testing.T) {
	w := newWorld(t)
	g := w.gateway()
	a := fencedlock.Caller{Session: g.open(t, "a", 60)}
	b := fencedlock.Caller{Session: g.open(t, "b", 60)}
	x, err := g.Lock(t.Context(), fencedlock.LockRequest{Name: "orders", Caller: a, RequestID: "r1"})
	t.Log(x, err)
	zero := time.Duration(0)
	x, err = g.Lock(t.Context(), fencedlock.LockRequest{Name: "orders", Caller: b, RequestID: "r2", Timeout: &zero})
	t.Log(x, x.Holder, err)
	half := 100 * time.Millisecond
	start := time.Now()
	x, err = g.Lock(t.Context(), fencedlock.LockRequest{Name: "orders", Caller: b, RequestID: "r3", Timeout: &half})
	t.Log(x, x.Holder, err, time.Since(start))
	go func() {
		x, err := g.Lock(t.Context(), fencedlock.LockRequest{Name: "orders", Caller: b, RequestID: "r4"})
		t.Log(x, err)
	}()
	time.Sleep(50 * time.Millisecond)
	s, err := g.Get(t.Context(), "orders")
	t.Log(s, err)
	u, err := g.Unlock(t.Context(), fencedlock.UnlockRequest{Name: "orders", Caller: a, RequestID: "u1"})
	t.Log(u, err)
	time.Sleep(50 * time.Millisecond)
	s, err = g.Get(t.Context(), "orders")
	t.Log(s, err)
	start = time.Now()
	for i := range 1000 {
		_ = i
		x, err = g.Lock(t.Context(), fencedlock.LockRequest{Name: "own", Caller: a, RequestID: "q"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Unlock(t.Context(), fencedlock.UnlockRequest{Name: "own", Caller: a, Fence: x.Fence, RequestID: "u1"})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Log(time.Since(start))
}
