package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate/internal/bench"
)

// clientCommand makes this program the callers of one measurement.
const clientCommand = "client"

// task is what those callers are to do.
type task struct {
	System    string
	Name      string // of the measurement, and so of what is used in it
	Kind      kind
	Endpoints []string
	Servers   []int // their process ids
	Callers   int
	Permits   int
	WarmUp    time.Duration
	Duration  time.Duration
}

// name is that of the nth caller's lock.
func (t task) name(n int) string {
	if t.Kind == oneLock {
		return t.Name + "-hot"
	}
	return fmt.Sprint(t.Name, "-", n)
}

// outcome is what they found.
type outcome struct {
	bench.Result
	ServerCPU time.Duration // of all servers, while it was measured
	ClientCPU time.Duration
	Resident  int64 // of all servers, at the end, in bytes
}

// beClient does one task and writes its outcome to stdout. It leaves without a good-bye: the servers are thrown away.
func beClient(ctx context.Context, args []string) error {
	var t task
	if len(args) != 2 {
		return errors.New("the callers want a task")
	}
	if err := json.Unmarshal([]byte(args[1]), &t); err != nil {
		return err
	}
	w, err := systemNamed(t.System).work[t.Kind](ctx, t)
	if err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	var o outcome
	var servers, clients clock
	plan := bench.Plan{Callers: t.Callers, WarmUp: t.WarmUp, Duration: t.Duration, Watch: func(p bench.Progress) {
		switch {
		case p.Phase == bench.Measuring && p.Elapsed == 0:
			servers.start(t.Servers)
			clients.start([]int{os.Getpid()})
		case p.Phase == bench.Over:
			o.ServerCPU, o.ClientCPU = servers.stop(), clients.stop()
		}
	}}
	if o.Result, err = bench.Run(ctx, plan, w); err != nil {
		return err
	}
	if o.Resident, err = resident(t.Servers); err != nil {
		return err
	}
	if err := errors.Join(servers.err, clients.err); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(o)
}

// clock takes the time for which processes run.
type clock struct {
	pids  []int
	began time.Duration
	err   error
}

func (c *clock) start(pids []int) {
	c.pids = pids
	c.began, c.err = cpu(pids)
}

func (c *clock) stop() time.Duration {
	now, err := cpu(c.pids)
	c.err = errors.Join(c.err, err)
	return now - c.began
}

// lockWork is work with a lock that gives what unlocks it.
func lockWork(t task, lock func(ctx context.Context, n int) (unlock func(context.Context) error, err error)) bench.Work {
	return bench.Work{
		Steps:    []string{"lock", "unlock"},
		OneHolds: t.Kind == oneLock,
		Cycle: func(ctx context.Context, n int, lap *bench.Lap) error {
			unlock, err := lock(ctx, n)
			if err != nil {
				return err
			}
			lap.Done()
			if err := unlock(ctx); err != nil {
				return err
			}
			lap.Done()
			return nil
		},
	}
}

// forEach prepares so many callers, several at a time.
func forEach(callers int, do func(n int) error) error {
	var group errgroup.Group
	group.SetLimit(64)
	for n := range callers {
		group.Go(func() error { return do(n) })
	}
	return group.Wait()
}

// wait waits, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
