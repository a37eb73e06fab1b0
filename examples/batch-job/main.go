// Command batch-job does a job in partitions on several machines. Its coordinator sets a latch to their number and waits
// until all have arrived; each worker does one partition and counts down. A worker that is started again arrives under
// the same id, and so counts once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cpgate/cpgate/client"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "batch-job:", err)
		os.Exit(1)
	}
}

// run is the coordinator or a worker, as the first argument says.
func run(ctx context.Context, out io.Writer, args []string) (err error) {
	if len(args) == 0 || args[0] != "coordinator" && args[0] != "worker" {
		return errors.New("want coordinator or worker, and flags; coordinator --help lists them")
	}
	flags := flag.NewFlagSet("batch-job "+args[0], flag.ContinueOnError)
	endpoints := flags.String("endpoints", "127.0.0.1:2379", "servers of one cluster, host:port, separated by commas")
	id := flags.String("run", "123", "names this run of the job")
	partitions := flags.Int("partitions", 3, "coordinator: how many partitions there are")
	timeout := flags.Duration("timeout", 5*time.Minute, "coordinator: how long to wait for them")
	partition := flags.Int("partition", 1, "worker: which partition to do")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	c, err := client.New(strings.Split(*endpoints, ",")...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	j := job{latch: c.Latch("batch-job:" + *id), out: out}
	if args[0] == "coordinator" {
		return j.coordinate(ctx, *partitions, *timeout)
	}
	return j.work(ctx, *partition)
}
