package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// kinds has the options of both kinds of semaphores.
var kinds = map[string][]client.SemaphoreOption{"aware": nil, "sessionless": {client.Sessionless()}}

func TestAcquire_LeavingTheLineLeavesNoTicket(t *testing.T) {
	for kind, options := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := pool(t, cpgatetest.Start(t).Client(t), 1, options...)
			busy := acquire(t, m, 1)
			ctx, cancel := context.WithCancel(t.Context())
			waiting := acquireAside(ctx, m, 1)
			awaitWaiting(t, m, 1)
			start := time.Now()
			cancel()
			if l := receive(t, waiting); !errors.Is(l.err, context.Canceled) {
				t.Error(l.err)
			}
			awaitWaiting(t, m, 0)
			if took := time.Since(start); took > time.Second {
				t.Errorf("its place was free after %s, as if it had not been cancelled", took)
			}
			release(t, busy)
			release(t, acquire(t, m, 1))
			expectAvailable(t, m, 1)
		})
	}
}

// The race of leaving and getting: whoever left holds nothing, whatever came first.
func TestAcquire_LeavingWhileGettingLeavesNothingHeld(t *testing.T) {
	for kind, options := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := pool(t, cpgatetest.Start(t).Client(t), 3, options...)
			for n := range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				waiting := acquireAside(ctx, m, 2)
				time.Sleep(time.Duration(n) * 20 * time.Microsecond)
				cancel()
				if l := receive(t, waiting); l.err == nil {
					release(t, l.permits)
				}
			}
			awaitAvailable(t, m, 3)
			awaitWaiting(t, m, 0)
		})
	}
}

func TestDrain_LeavingWhileGettingLeavesNothingHeld(t *testing.T) {
	for kind, options := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := pool(t, cpgatetest.Start(t).Client(t), 3, options...)
			for n := range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan lent, 1)
				go func() {
					p, _, err := m.Drain(ctx)
					done <- lent{p, err}
				}()
				time.Sleep(time.Duration(n) * 20 * time.Microsecond)
				cancel()
				if l := receive(t, done); l.err == nil {
					release(t, l.permits)
				}
			}
			awaitAvailable(t, m, 3)
		})
	}
}

func TestPermits_ReleaseGoesOnWhenItsContextHasEnded(t *testing.T) {
	for kind, options := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := pool(t, cpgatetest.Start(t).Client(t), 5, options...)
			p := acquire(t, m, 2)
			acquire(t, m, 3)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for _, give := range []func() error{
				func() error { return p.Release(ctx) },
				func() error { return m.Release(ctx, 3) },
			} {
				if err := give(); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
			awaitAvailable(t, m, 5)
		})
	}
}

func TestClose_FreesPermitsAndPlacesAtOnce(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	c := connect(t, at(node.Addr()))
	p := acquire(t, c.Semaphore("pool"), 2)
	waiting := acquireAside(within(t), c.Semaphore("pool"), 2)
	awaitWaiting(t, m, 1)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if s := look(t, m); s.Available != 3 || s.WaiterCount != 0 {
		t.Errorf("%+v", s)
	}
	if l := receive(t, waiting); !errors.Is(l.err, client.ErrClosed) {
		t.Errorf("waiting: %v", l.err)
	}
	receive(t, p.Lost())
	if err := p.Release(within(t)); !errors.Is(err, client.ErrOwnershipLost) || !errors.Is(err, client.ErrClosed) {
		t.Errorf("releasing: %v", err)
	}
	for call, err := range callsOf(t, c) {
		if !errors.Is(err, client.ErrClosed) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// callsOf makes every call that c has for semaphores and latches.
func callsOf(t *testing.T, c *client.Client) map[string]error {
	m, l := c.Semaphore("pool", client.Sessionless()), c.Latch("job")
	calls := map[string]error{
		"add": m.Release(within(t), 1), "increase": m.Increase(within(t), 1), "count down": l.CountDown(within(t)),
		"await": l.Await(within(t)),
	}
	_, calls["acquire"] = c.Semaphore("pool").Acquire(within(t), 1)
	_, calls["sessionless acquire"] = m.Acquire(within(t), 1)
	_, calls["init"] = m.Init(within(t), 1)
	_, calls["get"] = m.Get(within(t))
	_, calls["get latch"] = l.Get(within(t))
	_, _, calls["drain"] = m.Drain(within(t))
	_, _, calls["set"] = l.TrySetCount(within(t), 1)
	return calls
}

// Without a session nothing comes back by itself: Close waits until what its unfinished calls got is given back.
func TestClose_WhileSessionlessCallsAreUnderWayLeavesNothingTaken(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3, client.Sessionless())
	for n := range 50 {
		c := connect(t, at(node.Addr()))
		theirs := c.Semaphore("pool", client.Sessionless())
		calls := []<-chan lent{acquireAside(within(t), theirs, 2), acquireAside(within(t), theirs, 2)}
		time.Sleep(time.Duration(n) * 50 * time.Microsecond)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		left := 3
		for _, call := range calls {
			if l := receive(t, call); l.err == nil {
				left -= l.permits.Count()
			}
		}
		if s := look(t, m); s.Available != left || s.WaiterCount != 0 {
			t.Fatalf("round %d: %d available, %d wait; want %d, 0", n, s.Available, s.WaiterCount, left)
		}
		if left < 3 {
			releaseSome(t, m, 3-left)
		}
	}
	expectNoSession(t, node)
}
