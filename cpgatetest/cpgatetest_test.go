package cpgatetest_test

import (
	"errors"
	"testing"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

func TestRestart_KeepsAddressSessionAndHold(t *testing.T) {
	n := cpgatetest.Start(t)
	addr, c := n.Addr(), n.Client(t)
	l := c.Lock("orders")
	fence, err := l.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before, err := c.SessionID(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	n.Restart(t)

	if n.Addr() != addr {
		t.Errorf("serves at %s, before at %s", n.Addr(), addr)
	}
	if after, err := c.SessionID(t.Context()); err != nil || after != before {
		t.Errorf("session %s (%v), before %s", after, err, before)
	}
	if l.Fence() != fence {
		t.Errorf("fence %d, before %d", l.Fence(), fence)
	}
	if _, ok, err := n.Client(t).Lock("orders").TryLock(t.Context(), 0); ok || err != nil {
		t.Errorf("another took it: %v, %v", ok, err)
	}
	if err := l.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStop_TwiceDoesNothing(t *testing.T) {
	n := cpgatetest.Start(t)
	n.Stop(t)
	n.Stop(t)
}

func TestWithConfig_ReachesTheNode(t *testing.T) {
	n := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) {
		c.LockAcquireLimit = []string{"once=1"}
	}))
	l := n.Client(t).Lock("once", client.Owner("me"))
	if _, err := l.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lock(t.Context()); !errors.Is(err, client.ErrLimitReached) {
		t.Errorf("locked again: %v, want ErrLimitReached", err)
	}
}
