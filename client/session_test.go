package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func sessionID(t *testing.T, c *client.Client) string {
	t.Helper()
	id, err := c.SessionID(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// endSession closes a session behind its client's back.
func endSession(t *testing.T, s server, id string) {
	t.Helper()
	r, err := s.CloseSession(within(t), &cpgatev1.CloseSessionRequest{SessionId: id})
	if err != nil || !r.GetClosed() {
		t.Fatalf("%v, %v", r, err)
	}
}

func TestSession_IsOneWithTheNameAndTTLAskedFor(t *testing.T) {
	node := cpgatetest.Start(t)
	cfg := at(node.Addr())
	cfg.Name, cfg.SessionTTL = "billing-7", 30*time.Second
	c := connect(t, cfg)
	id := sessionID(t, c)
	lock(t, c.Lock("orders"))
	if again := sessionID(t, c); again != id {
		t.Errorf("%s, then %s", id, again)
	}
	r, err := wire(t, node.Addr()).ListSessions(within(t), &cpgatev1.ListSessionsRequest{})
	if err != nil || len(r.GetSessions()) != 1 {
		t.Fatalf("%v, %v", r, err)
	}
	if s := r.GetSessions()[0]; s.GetSessionId() != id || s.GetName() != "billing-7" || s.GetTtlSeconds() != 30 {
		t.Errorf("%v", s)
	}
}

func TestSession_OutlivesItsTTLByHeartbeats(t *testing.T) {
	t.Parallel()
	node := short(t)
	c := node.Client(t)
	id, l := sessionID(t, c), c.Lock("orders")
	fence := lock(t, l)
	time.Sleep(5 * time.Second)
	if l.Fence() != fence || sessionID(t, c) != id {
		t.Errorf("fence %d, session %s; at first %d, %s", l.Fence(), sessionID(t, c), fence, id)
	}
}

func TestSession_LostWhileWaitingEndsTheWait(t *testing.T) {
	node := cpgatetest.Start(t)
	s := wire(t, node.Addr())
	busy, c := node.Client(t).Lock("orders"), node.Client(t)
	lock(t, busy)
	l := c.Lock("orders")
	waiting := lockAside(within(t), l)
	s.awaitWaiters(t, "orders", 1)
	old := sessionID(t, c)
	endSession(t, s, old)
	if g := receive(t, waiting); !errors.Is(g.err, client.ErrSessionExpired) {
		t.Errorf("%+v", g)
	}
	unlock(t, busy)
	lock(t, l) // the handle stays usable
	if id := sessionID(t, c); id == old {
		t.Error("the lost session is still in use")
	}
}

func TestSession_CutOffEndsTheWaitByItsDeadline(t *testing.T) {
	t.Parallel()
	node := short(t)
	s, p := wire(t, node.Addr()), newProxy(t, node.Addr())
	lock(t, node.Client(t).Lock("orders"))
	waiting := lockAside(within(t), connect(t, at(p.addr())).Lock("orders"))
	s.awaitWaiters(t, "orders", 1)
	p.freeze()
	if g := receive(t, waiting); !errors.Is(g.err, client.ErrSessionExpired) {
		t.Errorf("%+v", g)
	}
}

func TestSession_LostWhileHoldingShowsAtTheHandle(t *testing.T) {
	node := cpgatetest.Start(t)
	s, c := wire(t, node.Addr()), node.Client(t)
	a, b := c.Lock("a"), c.Lock("b")
	lock(t, a)
	lock(t, b)
	lost := a.Lost()
	select {
	case <-lost:
		t.Fatal("lost from the start")
	default:
	}
	endSession(t, s, sessionID(t, c))
	if err := b.Unlock(within(t)); !errors.Is(err, client.ErrOwnershipLost) || !errors.Is(err, client.ErrSessionExpired) {
		t.Errorf("unlock b: %v", err)
	}
	receive(t, lost)
	if a.Fence() != 0 {
		t.Errorf("fence %d", a.Fence())
	}
	if err := a.Unlock(within(t)); !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("unlock a: %v", err)
	}
	if err := a.Unlock(within(t)); !errors.Is(err, client.ErrNotHolder) {
		t.Errorf("unlock a again: %v", err)
	}
	receive(t, a.Lost())
}

func TestUnlock_OfAForcedLockSaysSo(t *testing.T) {
	node := cpgatetest.Start(t)
	s, l := wire(t, node.Addr()), node.Client(t).Lock("orders")
	lock(t, l)
	if r, err := s.ForceUnlock(within(t), &cpgatev1.ForceUnlockRequest{Name: "orders"}); err != nil || !r.GetReleased() {
		t.Fatalf("%v, %v", r, err)
	}
	if err := l.Unlock(within(t)); !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("%v", err)
	}
}

// A session lost only on this side is closed on the other: nobody has to wait for its TTL.
func TestSession_LostByItsDeadlineIsClosedAsSoonAsAServerIsBack(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	s, p := wire(t, node.Addr()), newProxy(t, node.Addr())
	cfg := at(p.addr())
	cfg.SessionTTL = 3 * time.Second
	l := connect(t, cfg).Lock("orders")
	lock(t, l)
	lost := l.Lost()
	// The server goes on thinking that the session is fine: someone else keeps it alive.
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	id := s.look(t, "orders").GetHolder().GetSessionId()
	go func() {
		for ; ctx.Err() == nil; time.Sleep(500 * time.Millisecond) {
			_, _ = s.Heartbeat(ctx, &cpgatev1.HeartbeatRequest{SessionId: id})
		}
	}()
	p.cut()
	receive(t, lost)
	p.mend()
	s.awaitFree(t, "orders")
}
