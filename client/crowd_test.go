package client_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// All of them wait, each gets its turn, and nothing is left. (10,000 work as well, in half a minute.)
func TestLock_MoreWaitOnOneClientThanASessionHasPlaceFor(t *testing.T) {
	const crowd = client.Room + 100
	node := cpgatetest.Start(t)
	s, c := wire(t, node.Addr()), node.Client(t)
	busy := node.Client(t).Lock("orders")
	lock(t, busy)

	var all sync.WaitGroup
	var inside, last atomic.Int64
	for range crowd {
		all.Go(func() {
			l := c.Lock("orders")
			fence, err := l.Lock(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			if inside.Add(1) != 1 || last.Swap(int64(fence)) >= int64(fence) {
				t.Errorf("fence %d after %d, or not alone", fence, last.Load())
			}
			inside.Add(-1)
			if err := l.Unlock(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	s.awaitWaiters(t, "orders", crowd)
	unlock(t, busy)
	all.Wait()
	s.awaitFree(t, "orders")
}

func TestLock_LeavingInACrowdLeavesNoTicket(t *testing.T) {
	const crowd = client.Room + 100
	node := cpgatetest.Start(t)
	s, c := wire(t, node.Addr()), connect(t, at(node.Addr()))
	busy := node.Client(t).Lock("orders")
	lock(t, busy)
	ctx, cancel := context.WithCancel(t.Context())
	var waits []<-chan got
	for range crowd {
		waits = append(waits, lockAside(ctx, c.Lock("orders")))
	}
	s.awaitWaiters(t, "orders", crowd)
	cancel()
	for _, w := range waits {
		receive(t, w)
	}
	s.awaitWaiters(t, "orders", 0)
}
