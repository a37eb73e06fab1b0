package client_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

func TestLock_ExcludesOtherHandlesOtherClientsAndItself(t *testing.T) {
	node := cpgatetest.Start(t)
	c := node.Client(t)
	held := c.Lock("orders")
	first := lock(t, held)
	for name, other := range map[string]*client.Lock{
		"the same handle":                      held,
		"another handle":                       c.Lock("orders"),
		"another client":                       node.Client(t).Lock("orders"),
		"an owner":                             c.Lock("orders", client.Owner("worker-1")),
		"the empty owner":                      c.Lock("orders", client.Owner("")),
		"the same name with the default group": c.Lock("orders@default"),
	} {
		if fence, ok, err := other.TryLock(within(t), 0); ok || err != nil || fence != 0 {
			t.Errorf("%s: fence %d, %v, %v", name, fence, ok, err)
		}
	}
	unlock(t, held)
	if next := lock(t, node.Client(t).Lock("orders")); next <= first {
		t.Errorf("fence %d after %d", next, first)
	}
}

func TestLock_OneHandleSharedByGoroutinesIsAMutex(t *testing.T) {
	l := cpgatetest.Start(t).Client(t).Lock("orders")
	var wg sync.WaitGroup
	inside, most, sum := 0, 0, 0
	for range 20 {
		wg.Go(func() {
			err := l.Do(within(t), func(context.Context, client.Fence) error {
				inside++
				most, sum = max(most, inside), sum+1
				time.Sleep(time.Millisecond)
				inside--
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most != 1 || sum != 20 {
		t.Errorf("%d at once, %d in all", most, sum)
	}
}

func TestLock_IsReentrantUnderAnOwnerThroughAnyHandle(t *testing.T) {
	node := cpgatetest.Start(t)
	c := node.Client(t)
	one, two := c.Lock("orders", client.Owner("worker-1")), c.Lock("orders", client.Owner("worker-1"))
	fence := lock(t, one)
	for _, again := range []*client.Lock{one, two} {
		if f := lock(t, again); f != fence {
			t.Errorf("fence %d, want %d", f, fence)
		}
	}
	if n := wire(t, node.Addr()).look(t, "orders").GetHoldCount(); n != 3 {
		t.Errorf("hold count %d", n)
	}
	other := c.Lock("orders", client.Owner("worker-2"))
	for _, l := range []*client.Lock{one, two, one} {
		if _, ok, err := other.TryLock(within(t), 0); ok || err != nil {
			t.Errorf("worker-2 has it too: %v, %v", ok, err)
		}
		unlock(t, l)
	}
	lock(t, other)
}

func TestLock_OneOwnersCallsThroughOneHandleTakeTurns(t *testing.T) {
	node := cpgatetest.Start(t)
	busy, l := node.Client(t).Lock("orders"), node.Client(t).Lock("orders", client.Owner("worker-1"))
	lock(t, busy)
	one, two := lockAside(within(t), l), lockAside(within(t), l)
	wire(t, node.Addr()).awaitWaiters(t, "orders", 1)
	if _, ok, err := l.TryLock(within(t), time.Millisecond); ok || err != nil {
		t.Errorf("a try beside them: %v, %v", ok, err)
	}
	unlock(t, busy)
	a, b := receive(t, one), receive(t, two)
	if a.err != nil || b.err != nil || a.fence != b.fence {
		t.Errorf("%+v, %+v", a, b)
	}
}

func TestLock_TwoHandlesOfOneOwnerEndTheOlderWait(t *testing.T) {
	node := cpgatetest.Start(t)
	s := wire(t, node.Addr())
	busy, c := node.Client(t).Lock("orders"), node.Client(t)
	lock(t, busy)
	older := lockAside(within(t), c.Lock("orders", client.Owner("worker-1")))
	s.awaitWaiters(t, "orders", 1)
	newer := lockAside(within(t), c.Lock("orders", client.Owner("worker-1")))
	if g := receive(t, older); !errors.Is(g.err, client.ErrWaitCancelled) {
		t.Errorf("older: %+v", g)
	}
	unlock(t, busy)
	if g := receive(t, newer); g.err != nil {
		t.Errorf("newer: %+v", g)
	}
}

func TestTryLock_WaitsForItsTimeoutAndNoLonger(t *testing.T) {
	node := cpgatetest.Start(t)
	lock(t, node.Client(t).Lock("orders"))
	l := node.Client(t).Lock("orders")
	for _, timeout := range []time.Duration{-time.Second, 0, 300 * time.Millisecond} {
		start := time.Now()
		_, ok, err := l.TryLock(within(t), timeout)
		if took := time.Since(start); ok || err != nil || took < timeout || took > timeout+5*time.Second {
			t.Errorf("timeout %s: %v, %v after %s", timeout, ok, err, took)
		}
	}
}

func TestTryLock_HoldsWhatBecomesFreeInTime(t *testing.T) {
	node := cpgatetest.Start(t)
	busy, l := node.Client(t).Lock("orders"), node.Client(t).Lock("orders")
	lock(t, busy)
	done := make(chan bool, 1)
	go func() {
		_, ok, err := l.TryLock(within(t), soon)
		done <- ok && err == nil
	}()
	wire(t, node.Addr()).awaitWaiters(t, "orders", 1)
	unlock(t, busy)
	if !receive(t, done) {
		t.Error("refused")
	}
	unlock(t, l)
}

func TestLock_AtTheAcquireLimitIsRefused(t *testing.T) {
	node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) { c.LockAcquireLimit = []string{"once=1"} }))
	l := node.Client(t).Lock("once", client.Owner("me"))
	fence := lock(t, l)
	if _, err := l.Lock(within(t)); !errors.Is(err, client.ErrLimitReached) {
		t.Errorf("Lock: %v", err)
	}
	if f, ok, err := l.TryLock(within(t), 0); f != fence || ok || err != nil {
		t.Errorf("TryLock: %d, %v, %v", f, ok, err)
	}
	unlock(t, l)
	wire(t, node.Addr()).awaitFree(t, "once")
}

func TestLock_LeavingTheLineLeavesNoTicket(t *testing.T) {
	node := cpgatetest.Start(t)
	s := wire(t, node.Addr())
	busy, l := node.Client(t).Lock("orders"), node.Client(t).Lock("orders")
	lock(t, busy)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := lockAside(ctx, l)
	s.awaitWaiters(t, "orders", 1)
	start := time.Now()
	cancel()
	if g := receive(t, waiting); !errors.Is(g.err, context.Canceled) {
		t.Errorf("%+v", g)
	}
	s.awaitWaiters(t, "orders", 0)
	if took := time.Since(start); took > time.Second {
		t.Errorf("its place was free after %s, as if it had not been cancelled", took)
	}

	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	s.awaitWaiters(t, "orders", 0)
	unlock(t, busy)
	lock(t, l)
}

// The race of leaving and getting: whoever left holds nothing, whatever came first.
func TestLock_LeavingWhileGettingLeavesNothingHeld(t *testing.T) {
	node := cpgatetest.Start(t)
	c := node.Client(t)
	for n := range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		l := c.Lock("orders")
		waiting := lockAside(ctx, l)
		time.Sleep(time.Duration(n) * 20 * time.Microsecond)
		cancel()
		if g := receive(t, waiting); g.err == nil {
			unlock(t, l)
		}
	}
	wire(t, node.Addr()).awaitFree(t, "orders")
}

func TestUnlock_WithoutAHoldIsRefusedWithoutAsking(t *testing.T) {
	c := connect(t, at("127.0.0.1:1")) // nobody there
	if err := c.Lock("orders").Unlock(within(t)); !errors.Is(err, client.ErrNotHolder) {
		t.Errorf("%v", err)
	}
}

func TestUnlock_OfTwoForOneHoldOnlyOneSucceeds(t *testing.T) {
	l := cpgatetest.Start(t).Client(t).Lock("orders")
	lock(t, l)
	answers := make(chan error, 2)
	for range 2 {
		go func() { answers <- l.Unlock(within(t)) }()
	}
	a, b := receive(t, answers), receive(t, answers)
	if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), client.ErrNotHolder) {
		t.Errorf("%v, %v", a, b)
	}
}

func TestUnlock_GoesOnWhenItsContextHasEnded(t *testing.T) {
	node := cpgatetest.Start(t)
	l := node.Client(t).Lock("orders")
	lock(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Unlock(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	wire(t, node.Addr()).awaitFree(t, "orders")
}

func TestLock_NamesAndOwnersThatAreNotAllowedAreRefused(t *testing.T) {
	c := cpgatetest.Start(t).Client(t)
	for name, x := range map[string]struct {
		lock  *client.Lock
		want  error
		field string
	}{
		"empty name":     {c.Lock(""), client.ErrInvalidName, "name"},
		"name not UTF-8": {c.Lock("\xff"), client.ErrInvalidName, "name"},
		"long name":      {c.Lock(string(make([]byte, 513))), client.ErrInvalidName, "name"},
		"owner":          {c.Lock("a", client.Owner("\xff")), client.ErrInvalidArgument, "owner"},
		"long owner":     {c.Lock("a", client.Owner(string(make([]byte, 129)))), client.ErrInvalidArgument, "owner"},
	} {
		_, err := x.lock.Lock(within(t))
		var e *client.Error
		if !errors.Is(err, x.want) || !errors.As(err, &e) || e.Field != x.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}
