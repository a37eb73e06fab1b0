package client_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cpgate/cpgate/client"
)

// One waits for three, who may be anywhere.
func ExampleLatch_Await() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	done := c.Latch("job-completion")
	if _, _, err := done.TrySetCount(ctx, 3); err != nil {
		fmt.Println(err)
		return
	}
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			if err := done.CountDown(ctx); err != nil {
				fmt.Println(err)
			}
		})
	}
	fmt.Println(done.Await(ctx))
	workers.Wait()
	// Output: <nil>
}

// A wait with a limit takes no for an answer.
func ExampleLatch_TryAwait() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	done := c.Latch("batch-job:123")
	if _, _, err := done.TrySetCount(ctx, 1); err != nil {
		fmt.Println(err)
		return
	}
	ok, err := done.TryAwait(ctx, 50*time.Millisecond)
	fmt.Println(ok, err)
	// Output: false <nil>
}

// A worker that is started again arrives under the same id, and counts once.
func ExampleLatch_CountDownAs() {
	c, err := client.New(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	done := c.Latch("import:2026-11-24")
	round, _, err := done.TrySetCount(ctx, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		if err := done.CountDownAs(ctx, client.Arrival{ID: "partition-1", Round: round}); err != nil {
			fmt.Println(err)
			return
		}
	}
	now, err := done.Get(ctx)
	fmt.Println(now.Remaining, "of", now.Count, "remaining,", err)
	// Output: 1 of 2 remaining, <nil>
}
