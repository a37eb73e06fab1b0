package client_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cpgate/cpgate/client"
)

// Ten connections for all programs together; this one takes three of them at once.
func ExampleSemaphore_Do() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	pool := c.Semaphore("connection-pool")
	if _, err := pool.Init(ctx, 10); err != nil {
		fmt.Println(err)
		return
	}
	err = pool.Do(ctx, 3, func(ctx context.Context) error {
		left, err := pool.Available(ctx)
		fmt.Println("for the others:", left)
		return err
	})
	fmt.Println(err)
	// Output:
	// for the others: 7
	// <nil>
}

// What an Acquire got is given back through what it answered, once however often that is asked.
func ExampleSemaphore_Acquire() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	seats := c.Semaphore("seats")
	if _, err := seats.Init(ctx, 2); err != nil {
		fmt.Println(err)
		return
	}
	both, err := seats.Acquire(ctx, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(both.Count(), both.Release(ctx), both.Release(ctx))
	// Output: 2 <nil> <nil>
}

// TryAcquire takes no for an answer.
func ExampleSemaphore_TryAcquire() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	tables := c.Semaphore("tables")
	if _, err := tables.Init(ctx, 1); err != nil {
		fmt.Println(err)
		return
	}
	_, ok, err := tables.TryAcquire(ctx, 2, 50*time.Millisecond)
	fmt.Println(ok, err)
	// Output: false <nil>
}

// By number, permits go back in other portions than they came in.
func ExampleSemaphore_Release() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	workers := c.Semaphore("workers")
	if _, err := workers.Init(ctx, 5); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := workers.Acquire(ctx, 3); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(workers.Release(ctx, 1))
	fmt.Println(workers.Release(ctx, 2))
	fmt.Println(workers.Available(ctx))
	// Output:
	// <nil>
	// <nil>
	// 5 <nil>
}

// A rate limit: permits are used up, and filled up again by whoever is to do that.
func ExampleSessionless() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	limit := c.Semaphore("api-rate-limit", client.Sessionless())
	if _, err := limit.Init(ctx, 2); err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		_, ok, err := limit.TryAcquire(ctx, 1, 0)
		fmt.Println(ok, err)
	}
	available, err := limit.Available(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("filled up:", limit.Release(ctx, 2-available))
	// Output:
	// true <nil>
	// true <nil>
	// false <nil>
	// filled up: <nil>
}
