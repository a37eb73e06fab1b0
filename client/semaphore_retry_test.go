package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// Each call's answer is swallowed once: asked again, it has counted once.
func TestSemaphore_WhatIsAskedAgainCountsOnce(t *testing.T) {
	for kind, options := range kinds {
		t.Run(kind, func(t *testing.T) {
			node := cpgatetest.Start(t)
			p := newProxy(t, node.Addr())
			c := connect(t, at(p.addr()))
			seen := pool(t, node.Client(t), 10, options...)
			m := c.Semaphore("pool", options...)
			var three, rest *client.Permits
			release(t, acquire(t, m, 1)) // the connection is there, and the session
			for _, step := range []struct {
				name  string
				call  func(context.Context) error
				leave int
			}{
				{"acquire", func(ctx context.Context) (err error) { three, err = m.Acquire(ctx, 3); return err }, 7},
				{"try", func(ctx context.Context) (err error) { _, _, err = m.TryAcquire(ctx, 2, soon); return err }, 5},
				{"release", func(ctx context.Context) error { return three.Release(ctx) }, 8},
				{"release 1", func(ctx context.Context) error { return m.Release(ctx, 1) }, 9},
				{"increase", func(ctx context.Context) error { return m.Increase(ctx, 4) }, 13},
				{"reduce", func(ctx context.Context) error { return m.Reduce(ctx, 2) }, 11},
				{"drain", func(ctx context.Context) (err error) { rest, _, err = m.Drain(ctx); return err }, 0},
				{"release all", func(ctx context.Context) error { return rest.Release(ctx) }, 11},
			} {
				happened := func() bool { return look(t, seen).Available == step.leave }
				if err := afterLostAnswer(t, p, func() error { return step.call(within(t)) }, happened); err != nil {
					t.Errorf("%s: %v", step.name, err)
				}
				expectAvailable(t, seen, step.leave)
			}
		})
	}
}

func TestInit_WhoseAnswerWasLostSaysTrue(t *testing.T) {
	node := cpgatetest.Start(t)
	p := newProxy(t, node.Addr())
	m, seen := connect(t, at(p.addr())).Semaphore("pool"), node.Client(t).Semaphore("pool")
	look(t, m) // the connection is there
	err := afterLostAnswer(t, p, func() error {
		if ok, err := m.Init(within(t), 3); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		return nil
	}, func() bool { return look(t, seen).Initialized })
	if err != nil {
		t.Error(err)
	}
}

func TestAcquire_KeepsItsPlaceWhenItsConnectionBreaks(t *testing.T) {
	t.Parallel()
	for kind, options := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			node := cpgatetest.Start(t)
			first, second := newProxy(t, node.Addr()), newProxy(t, node.Addr())
			m := pool(t, node.Client(t), 1, options...)
			busy := acquire(t, m, 1)
			early := acquireAside(within(t), connect(t, at(first.addr(), second.addr())).Semaphore("pool", options...), 1)
			awaitWaiting(t, m, 1)
			late := acquireAside(within(t), node.Client(t).Semaphore("pool", options...), 1)
			awaitWaiting(t, m, 2)

			first.cut()
			time.Sleep(2500 * time.Millisecond) // past the grace in which a lost waiter keeps its place

			if n := look(t, m).WaiterCount; n != 2 {
				t.Fatalf("%d wait", n)
			}
			release(t, busy)
			l := receive(t, early)
			if l.err != nil {
				t.Fatal(l.err)
			}
			release(t, l.permits)
			if l := receive(t, late); l.err != nil {
				t.Error(l.err)
			}
		})
	}
}

// A connection that is silent without breaking shows by its pings, where no heartbeat does.
func TestAcquire_SessionlessFollowsFromAnEndpointThatFallsSilent(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	first := newProxy(t, node.Addr())
	m := pool(t, node.Client(t), 1, client.Sessionless())
	busy := acquire(t, m, 1)
	waiting := acquireAside(within(t), connect(t, at(first.addr(), node.Addr())).Semaphore("pool", client.Sessionless()), 1)
	awaitWaiting(t, m, 1)
	first.freeze()
	defer first.thaw()
	release(t, busy)
	if l := receive(t, waiting); l.err != nil {
		t.Error(l.err)
	}
	expectAvailable(t, m, 0)
}

// A caller that leaves while no server can be reached still leaves nothing behind once one can.
func TestAcquire_LeavingWithoutAConnectionIsMadeGoodLater(t *testing.T) {
	t.Parallel()
	for kind, options := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			node := cpgatetest.Start(t)
			p := newProxy(t, node.Addr())
			seen := pool(t, node.Client(t), 3, options...)
			m := connect(t, at(p.addr())).Semaphore("pool", options...)
			release(t, acquire(t, m, 1))
			p.muteAnswers()
			ctx, cancel := context.WithCancel(t.Context())
			waiting := acquireAside(ctx, m, 2)
			awaitAvailable(t, seen, 1)
			p.cut()
			cancel()
			if l := receive(t, waiting); !errors.Is(l.err, context.Canceled) {
				t.Error(l.err)
			}
			time.Sleep(6 * time.Second) // longer than anybody would try who gave up
			p.mend()
			awaitAvailable(t, seen, 3)
		})
	}
}

func TestTryAcquire_EndsWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	m := connect(t, at("127.0.0.1:1")).Semaphore("pool", client.Sessionless())
	start := time.Now()
	if _, _, err := m.TryAcquire(within(t), 1, time.Second); !errors.Is(err, client.ErrUnavailable) {
		t.Error(err)
	}
	if took := time.Since(start); took < time.Second || took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
