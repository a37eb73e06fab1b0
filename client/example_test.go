package client_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cpgate/cpgate/client"
)

// A client of a cluster; all its endpoints may be given.
func ExampleNew() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := c.SessionID(ctx); err != nil {
		fmt.Println("nobody answers:", err)
		return
	}
	fmt.Println("ready")
	// Output: ready
}

// A session that outlives its process by ten seconds only.
func ExampleNewWith() {
	c, err := client.NewWith(client.Config{
		Endpoints:  []string{addr},
		SessionTTL: 10 * time.Second,
		Name:       "billing-7",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Close())
	// Output: <nil>
}

// The usual way: the lock is held while the function runs, and the function's context ends when it is lost.
func ExampleLock_Do() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	var seen client.Fence // what a storage remembers of each lock
	write := func(_ context.Context, fence client.Fence) error {
		if fence < seen {
			return errors.New("a holder from the past")
		}
		seen = fence
		return nil
	}
	err = c.Lock("orders").Do(context.Background(), func(ctx context.Context, fence client.Fence) error {
		return write(ctx, fence)
	})
	fmt.Println(seen > 0, err)
	// Output: true <nil>
}

// Lock waits in line until it holds.
func ExampleLock_Lock() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	orders := c.Lock("orders")
	first, err := orders.Lock(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := orders.Unlock(ctx); err != nil {
		fmt.Println(err)
		return
	}
	second, err := orders.Lock(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("fences rise:", second > first)
	// Output: fences rise: true
}

// TryLock takes no for an answer.
func ExampleLock_TryLock() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	if _, err := c.Lock("report").Lock(ctx); err != nil {
		fmt.Println(err)
		return
	}
	_, ok, err := c.Lock("report").TryLock(ctx, 50*time.Millisecond)
	fmt.Println(ok, err)
	// Output: false <nil>
}

// Unlock tells whether the lock was held until now.
func ExampleLock_Unlock() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	stock := c.Lock("stock")
	if _, err := stock.Lock(ctx); err != nil {
		fmt.Println(err)
		return
	}
	switch err := stock.Unlock(ctx); {
	case errors.Is(err, client.ErrOwnershipLost):
		fmt.Println("lost it on the way: what was done may have overlapped")
	case err != nil:
		fmt.Println(err)
		return
	default:
		fmt.Println("done")
	}
	// Output: done
}

// Lost tells a holder that works without Do when to stop.
func ExampleLock_Lost() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	feed := c.Lock("feed")
	if _, err := feed.Lock(ctx); err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		select {
		case <-feed.Lost():
			return
		case <-time.After(time.Millisecond):
			fmt.Println("tick")
		}
	}
	// Output:
	// tick
	// tick
	// tick
}

// A lock taken again by the same owner is held twice, under one fence.
func ExampleOwner() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	outer := c.Lock("ledger", client.Owner("import"))
	inner := c.Lock("ledger", client.Owner("import")) // somewhere deep in a call of the holder
	a, err := outer.Lock(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := inner.Lock(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("same fence:", a == b)
	fmt.Println(inner.Unlock(ctx), outer.Unlock(ctx))
	// Output:
	// same fence: true
	// <nil> <nil>
}
