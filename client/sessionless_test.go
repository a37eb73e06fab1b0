package client_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

func TestSessionless_CountsWithoutASession(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3, client.Sessionless())
	two := acquire(t, m, 2)
	if two.Lost() != nil {
		t.Error("permits that can't be lost have a channel for it")
	}
	other := node.Client(t).Semaphore("pool", client.Sessionless())
	releaseSome(t, other, 4) // never acquired
	expectAvailable(t, m, 5)
	for range 2 {
		release(t, two)
	}
	expectAvailable(t, m, 7)
	releaseSome(t, m, 0)
	if _, n, err := m.Drain(within(t)); n != 7 || err != nil {
		t.Errorf("drained %d, %v", n, err)
	}
	if s := look(t, m); !s.Sessionless || s.Permits != 0 || s.Available != 0 {
		t.Errorf("%+v", s)
	}
	if _, ok, err := m.TryAcquire(within(t), 1, 0); ok || err != nil {
		t.Errorf("acquired what was drained: %v, %v", ok, err)
	}
	expectNoSession(t, node)
}

func TestSessionless_DoGivesBack(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3, client.Sessionless())
	err := m.Do(within(t), 2, func(context.Context) error {
		expectAvailable(t, m, 1)
		return errMine
	})
	if !errors.Is(err, errMine) {
		t.Error(err)
	}
	expectAvailable(t, m, 3)
}

func TestSessionless_TheOtherKindIsRefusedBothWays(t *testing.T) {
	c := cpgatetest.Start(t).Client(t)
	pool(t, c, 3)
	if _, err := c.Semaphore("counts", client.Sessionless()).Init(within(t), 3); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*client.Semaphore{
		"without a session": c.Semaphore("pool", client.Sessionless()), "with one": c.Semaphore("counts"),
	} {
		var e *client.Error
		if _, err := m.Acquire(within(t), 1); !errors.Is(err, client.ErrInvalidArgument) || !errors.As(err, &e) || e.Field != "session_id" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
