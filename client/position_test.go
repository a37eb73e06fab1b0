package client_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// positions gives a context whose calls' positions go into a channel.
func positions(t *testing.T) (context.Context, <-chan int) {
	t.Helper()
	told := make(chan int, 100)
	return client.WithPosition(within(t), func(position int) { told <- position }), told
}

func TestPosition_IsToldUntilTheLockIsHeld(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	c, s := node.Client(t), wire(t, node.Addr())
	l := c.Lock("orders")
	lock(t, l)
	ahead := c.Lock("orders")
	first := lockAside(within(t), ahead)
	s.awaitWaiters(t, "orders", 1)
	ctx, told := positions(t)
	second := lockAside(ctx, c.Lock("orders"))
	if n := receive(t, told); n != 2 {
		t.Errorf("told position %d, want 2", n)
	}
	unlock(t, l)
	receive(t, first)
	if n := receive(t, told); n != 1 {
		t.Errorf("told position %d, want 1", n)
	}
	unlock(t, ahead)
	if g := receive(t, second); g.err != nil || len(told) > 0 {
		t.Errorf("%v, and %d positions more", g.err, len(told))
	}
}

func TestPosition_OfAnAcquireThatGivesUp(t *testing.T) {
	t.Parallel()
	c := cpgatetest.Start(t).Client(t)
	ctx, told := positions(t)
	if _, got, err := c.Semaphore("pool").TryAcquire(ctx, 1, time.Second); got || err != nil {
		t.Fatal(got, err)
	}
	if n := receive(t, told); n != 1 || len(told) > 0 {
		t.Errorf("told position %d, want 1, and %d more", n, len(told))
	}
}

// What told does for long keeps nobody else from an answer.
func TestPosition_ToldSlowlyHoldsUpNobody(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	c, s := node.Client(t), wire(t, node.Addr())
	var ahead []*client.Lock
	for n := range 4 {
		ahead = append(ahead, c.Lock("orders"))
		aside := lockAside(within(t), ahead[n])
		if n == 0 {
			receive(t, aside)
			continue
		}
		s.awaitWaiters(t, "orders", n)
	}
	var told []int
	busy, goOn := make(chan struct{}), make(chan struct{})
	last := lockAside(client.WithPosition(within(t), func(position int) {
		if told = append(told, position); len(told) == 1 {
			close(busy)
			<-goOn
		}
	}), c.Lock("orders"))
	receive(t, busy)
	for n := range 3 {
		unlockHeld(t, ahead[n])
		time.Sleep(300 * time.Millisecond) // so that it is told of
	}
	close(goOn)
	unlockHeld(t, ahead[3])
	if g := receive(t, last); g.err != nil {
		t.Error(g.err)
	}
	if further := func(a, b int) int { return b - a }; told[0] != 4 || !slices.IsSortedFunc(told, further) {
		t.Errorf("told %v, want 4 and then less and less", told)
	}
}

// unlockHeld unlocks once the handle holds.
func unlockHeld(t *testing.T, l *client.Lock) {
	t.Helper()
	await(t, func() bool { return l.Fence() != 0 })
	unlock(t, l)
}
