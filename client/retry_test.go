package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

func TestNew_ConnectsToNothing(t *testing.T) {
	c, err := client.New("127.0.0.1:1", "nowhere.invalid:2379")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closing a client that did nothing: %v", err)
	}
}

func TestNew_RefusesWhatIsNoEndpoint(t *testing.T) {
	for _, endpoint := range []string{"", "localhost", ":2379", "localhost:", "http://localhost:2379", "unix:///tmp/x:1"} {
		if c, err := client.New(endpoint); err == nil {
			c.Close()
			t.Errorf("%q is taken", endpoint)
		}
	}
	for name, c := range map[string]client.Config{
		"no endpoint":    {},
		"half a second":  {Endpoints: []string{"a:1"}, SessionTTL: 2500 * time.Millisecond},
		"negative TTL":   {Endpoints: []string{"a:1"}, SessionTTL: -time.Second},
		"name not UTF-8": {Endpoints: []string{"a:1"}, Name: "\xff"},
		"no password":    {Endpoints: []string{"a:1"}, User: "alice"},
		"no user":        {Endpoints: []string{"a:1"}, Password: "secret"},
	} {
		if _, err := client.NewWith(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestCall_FindsTheEndpointThatAnswers(t *testing.T) {
	dead := newProxy(t, "127.0.0.1:1")
	dead.cut()
	node := cpgatetest.Start(t)
	lock(t, connect(t, at("127.0.0.1:1", dead.addr(), node.Addr())).Lock("orders"))
}

func TestCall_PassesOverAnEndpointThatIsSilent(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	silent := newProxy(t, node.Addr())
	silent.freeze()
	lock(t, connect(t, at(silent.addr(), node.Addr())).Lock("orders"))
}

func TestCall_EndsWithItsContextAndSaysWhatTheServersSaid(t *testing.T) {
	l := connect(t, at("127.0.0.1:1")).Lock("orders")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := l.Lock(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestTryLock_GivesUpSomeSecondsAfterItsTimeoutWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	l := connect(t, at("127.0.0.1:1")).Lock("orders")
	start := time.Now()
	_, ok, err := l.TryLock(within(t), 0)
	if ok || !errors.Is(err, client.ErrUnavailable) || time.Since(start) > 8*time.Second {
		t.Errorf("%v, %v after %s", ok, err, time.Since(start))
	}
}

// L4: first come, first served, also across endpoints.
func TestLock_KeepsItsPlaceWhenItsConnectionBreaks(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	s, first, second := wire(t, node.Addr()), newProxy(t, node.Addr()), newProxy(t, node.Addr())
	busy := node.Client(t).Lock("orders")
	lock(t, busy)
	early := connect(t, at(first.addr(), second.addr())).Lock("orders")
	earlier := lockAside(within(t), early)
	s.awaitWaiters(t, "orders", 1)
	late := node.Client(t).Lock("orders")
	later := lockAside(within(t), late)
	s.awaitWaiters(t, "orders", 2)
	place := s.look(t, "orders").GetWaiters()[0].GetFence()

	first.cut()
	time.Sleep(2500 * time.Millisecond) // past the grace in which a lost waiter keeps its place

	if w := s.look(t, "orders").GetWaiters(); len(w) != 2 || w[0].GetFence() != place {
		t.Fatalf("waiters %v, the first was %d", w, place)
	}
	unlock(t, busy)
	if g := receive(t, earlier); g.err != nil || int64(g.fence) != place {
		t.Fatalf("%+v, want fence %d", g, place)
	}
	unlock(t, early)
	if g := receive(t, later); g.err != nil {
		t.Errorf("%+v", g)
	}
}

// A connection that is silent without breaking shows by the heartbeat, and takes its waits with it.
func TestLock_KeepsItsPlaceWhenItsConnectionGoesSilent(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	s, first := wire(t, node.Addr()), newProxy(t, node.Addr())
	busy := node.Client(t).Lock("orders")
	lock(t, busy)
	c := at(first.addr(), node.Addr())
	c.SessionTTL = 6 * time.Second
	waiting := lockAside(within(t), connect(t, c).Lock("orders"))
	s.awaitWaiters(t, "orders", 1)
	place := s.look(t, "orders").GetWaiters()[0].GetFence()
	first.freeze()
	defer first.thaw()
	time.Sleep(7 * time.Second) // past the TTL: only a heartbeat elsewhere keeps the session
	unlock(t, busy)
	if g := receive(t, waiting); g.err != nil || int64(g.fence) != place {
		t.Errorf("%+v, want fence %d", g, place)
	}
}

func TestLock_KeepsItsPlaceOverARestart(t *testing.T) {
	node := cpgatetest.Start(t)
	s := wire(t, node.Addr())
	busy, l := node.Client(t).Lock("orders"), node.Client(t).Lock("orders")
	lock(t, busy)
	waiting := lockAside(within(t), l)
	s.awaitWaiters(t, "orders", 1)
	place := s.look(t, "orders").GetWaiters()[0].GetFence()
	node.Restart(t)
	unlock(t, busy)
	if g := receive(t, waiting); g.err != nil || int64(g.fence) != place {
		t.Errorf("%+v, want fence %d", g, place)
	}
}

// afterLostAnswer runs call with its answers swallowed, breaks the line once happened says it took effect, and
// gives what call came to after that.
func afterLostAnswer(t *testing.T, p *proxy, call func() error, happened func() bool) error {
	t.Helper()
	p.muteAnswers()
	done := make(chan error, 1)
	go func() { done <- call() }()
	await(t, happened)
	p.cut()
	p.mend()
	return receive(t, done)
}

func TestLock_WhoseAnswerWasLostHoldsOnce(t *testing.T) {
	node := cpgatetest.Start(t)
	s, p := wire(t, node.Addr()), newProxy(t, node.Addr())
	c := connect(t, at(p.addr()))
	l := c.Lock("orders", client.Owner("me"))
	lock(t, c.Lock("other")) // the session is there
	held := func() bool { return s.look(t, "orders").GetFence() != 0 }
	err := afterLostAnswer(t, p, func() error { _, err := l.Lock(within(t)); return err }, held)
	if n := s.look(t, "orders").GetHoldCount(); err != nil || n != 1 {
		t.Errorf("%v, held %d times", err, n)
	}
	unlock(t, l)
	s.awaitFree(t, "orders")
}

func TestUnlock_WhoseAnswerWasLostIsNoError(t *testing.T) {
	node := cpgatetest.Start(t)
	s, p := wire(t, node.Addr()), newProxy(t, node.Addr())
	l := connect(t, at(p.addr())).Lock("orders")
	lock(t, l)
	free := func() bool { return s.look(t, "orders").GetFence() == 0 }
	if err := afterLostAnswer(t, p, func() error { return l.Unlock(within(t)) }, free); err != nil {
		t.Error(err)
	}
}

func TestUnlock_OfOneOfTwoHoldsWhoseAnswerWasLostCountsOnce(t *testing.T) {
	node := cpgatetest.Start(t)
	s, p := wire(t, node.Addr()), newProxy(t, node.Addr())
	l := connect(t, at(p.addr())).Lock("orders", client.Owner("me"))
	lock(t, l)
	lock(t, l)
	once := func() bool { return s.look(t, "orders").GetHoldCount() == 1 }
	if err := afterLostAnswer(t, p, func() error { return l.Unlock(within(t)) }, once); err != nil {
		t.Error(err)
	}
	if n := s.look(t, "orders").GetHoldCount(); n != 1 {
		t.Errorf("held %d times", n)
	}
}

// A caller that leaves while no server can be reached still leaves nothing behind once one can.
func TestLock_LeavingWithoutAConnectionIsMadeGoodLater(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	s, p := wire(t, node.Addr()), newProxy(t, node.Addr())
	c := connect(t, at(p.addr()))
	lock(t, c.Lock("other"))
	p.muteAnswers()
	ctx, cancel := context.WithCancel(t.Context())
	waiting := lockAside(ctx, c.Lock("orders"))
	await(t, func() bool { return s.look(t, "orders").GetFence() != 0 })
	p.cut()
	cancel()
	if g := receive(t, waiting); !errors.Is(g.err, context.Canceled) {
		t.Errorf("%+v", g)
	}
	time.Sleep(6 * time.Second) // longer than anybody would try who gave up
	p.mend()
	s.awaitFree(t, "orders")
}
