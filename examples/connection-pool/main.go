// Command connection-pool shares the ten connections that a database can stand among the programs of many machines.
// Workers take one each, and batches several at once. Run it on as many machines as you like: in all of them together
// no more than ten are in use, nobody is passed over, and those of a program that crashes come back by themselves.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cpgate/cpgate/client"
)

const (
	name        = "connection-pool"
	connections = 10 // of the database, for everybody
	workers     = 8  // of this program, with one connection each
	batches     = 2  // of this program, with several each
	batchSize   = 4
)

func main() {
	endpoints := flag.String("endpoints", "127.0.0.1:2379", "servers of one cluster, host:port, separated by commas")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *endpoints); err != nil {
		fmt.Fprintln(os.Stderr, "connection-pool:", err)
		os.Exit(1)
	}
}

// run lets all workers and batches do their part once, side by side.
func run(ctx context.Context, out io.Writer, endpoints string) error {
	c, err := client.NewWith(client.Config{
		Endpoints:  strings.Split(endpoints, ","),
		SessionTTL: 10 * time.Second, // so long are the connections of a program that crashed still taken
	})
	if err != nil {
		return err
	}
	p := program{c, log.New(out, "", 0)}
	return errors.Join(p.all(ctx), c.Close())
}

type program struct {
	c   *client.Client
	log *log.Logger
}

func (p program) all(ctx context.Context) error {
	if _, err := p.c.Semaphore(name).Init(ctx, connections); err != nil { // every program may: only the first counts
		return err
	}
	errs := make([]error, workers+batches)
	var running sync.WaitGroup
	for n := range workers {
		running.Go(func() { errs[n] = p.worker(ctx, n+1) })
	}
	for n := range batches {
		running.Go(func() { errs[workers+n] = p.batch(ctx, n+1) })
	}
	running.Wait()
	return errors.Join(errs...)
}

// worker queries with one connection. Do's context ends before that can be somebody else's.
func (p program) worker(ctx context.Context, n int) error {
	return p.c.Semaphore(name).Do(ctx, 1, func(ctx context.Context) error {
		p.log.Printf("worker %d: 1 connection", n)
		return query(ctx)
	})
}

// batch loads with several connections at once, and then writes its summary with one. By number, a handle gives back
// what was acquired through it; so the batch has one of its own.
func (p program) batch(ctx context.Context, n int) (err error) {
	pool := p.c.Semaphore(name)
	held, err := pool.Acquire(ctx, batchSize)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Release(ctx)) }() // all that is left by then
	p.log.Printf("batch %d: %d connections", n, held.Count())
	if err := query(ctx); err != nil {
		return err
	}
	if err := pool.Release(ctx, batchSize-1); err != nil {
		return err
	}
	p.log.Printf("batch %d: loaded, 1 connection", n)
	return query(ctx)
}

// query stands for what takes its time on a connection.
func query(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}
