package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cpgate/cpgate/client"
)

// job is one run of the job. Its latch is its own, so that every partition arrives in it once.
type job struct {
	latch *client.Latch
	out   io.Writer
}

var (
	errTimedOut = errors.New("timed out")
	errNotBegun = errors.New("the run has not begun: start its coordinator first")
)

// coordinate begins the run, where no other coordinator did, and waits until every partition is done.
func (j job) coordinate(ctx context.Context, partitions int, timeout time.Duration) error {
	now, err := j.latch.Get(ctx)
	if err != nil {
		return err
	}
	if now.Round == 0 { // a latch at zero could be set again: but this run is done then
		if _, _, err := j.latch.TrySetCount(ctx, partitions); err != nil {
			return err
		}
	}
	fmt.Fprintln(j.out, "waiting for the partitions")
	done, err := j.latch.TryAwait(ctx, timeout)
	if err != nil {
		return err
	}
	if now, err = j.latch.Get(ctx); err != nil {
		return err
	}
	if !done {
		return fmt.Errorf("%w: %d of %d partitions are missing", errTimedOut, now.Remaining, now.Count)
	}
	fmt.Fprintf(j.out, "all %d partitions are done\n", now.Count)
	return nil
}

// work does one partition and counts it. It arrives in the round that it began in: a worker that was paused until the
// run is over does nothing to a later one.
func (j job) work(ctx context.Context, partition int) error {
	now, err := j.latch.Get(ctx)
	if err != nil {
		return err
	}
	if now.Round == 0 {
		return errNotBegun
	}
	fmt.Fprintf(j.out, "partition %d: %d lines\n", partition, process(partition))
	return j.latch.CountDownAs(ctx, client.Arrival{ID: fmt.Sprintf("partition-%d", partition), Round: now.Round})
}

// process stands for the work.
func process(partition int) (lines int) { return 1000 + partition }
