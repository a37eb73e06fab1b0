// Command bench measures cpgate against what people use for locks today, on this machine, and writes what it found into
// docs/benchmarks.md. `make bench` runs it.
//
// In each of three rounds every workload is given to every system in turn. A system's servers are started freshly for each
// measurement, with everything durable, and thrown away behind it (serve.go); its callers are in another process, this
// program once more (client.go). The figures are those of the median round.
//
// In the order of their use: main.go (what is asked for), workload.go and aims.go (issue 6's table), system.go with a file for
// each system (its servers and what its callers do), server.go (processes), rounds.go and client.go (one measurement, from
// both sides), idle.go and held.go (sessions that only live, and locks that are only held), machine.go (where it was),
// report.go, tables.go and chart.go (what is written about it).
//
// The measuring itself is internal/bench of the main module, as in `cpgate bench`. This is a module of its own, so that no
// other system's client gets into that of cpgate.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	run := compare
	if len(os.Args) > 1 && os.Args[1] == clientCommand {
		run = beClient
	}
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings is what a run is asked for.
type settings struct {
	repo      string
	workloads []workload
	systems   []*system
	rounds    int
	warmUp    time.Duration
	duration  time.Duration
	write     bool
}

// parse reads the flags.
func parse(args []string) (settings, error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	repo := f.String("repo", "..", "`folder` with cpgate's source, whose docs are written")
	only := f.String("workloads", "", "the workloads, parted by commas (all: "+strings.Join(ids(workloads), ",")+")")
	those := f.String("systems", "", "the systems, parted by commas (all: "+strings.Join(ids(systems), ",")+")")
	s := settings{}
	f.IntVar(&s.rounds, "rounds", 3, "`number` of rounds; the figures are those of the median one")
	f.DurationVar(&s.warmUp, "warm-up", 2*time.Second, "how long callers work before anything is counted")
	f.DurationVar(&s.duration, "duration", 8*time.Second, "how long is measured")
	f.BoolVar(&s.write, "write", true, "write docs/benchmarks.md and its charts; otherwise the text goes to stdout alone")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 || s.rounds < 1 || s.duration <= 0 || s.warmUp < 0 {
		return s, fmt.Errorf("want no arguments, -rounds of 1 or more, and a -duration: %v", args)
	}
	var err error
	if s.repo, err = filepath.Abs(*repo); err != nil {
		return s, err
	}
	if s.workloads, err = pick("workloads", workloads, *only); err != nil {
		return s, err
	}
	s.systems, err = pick("systems", systems, *those)
	return s, err
}

// identified is what can be asked for by its id.
type identified interface{ id() string }

func ids[T identified](all []T) (ids []string) {
	for _, one := range all {
		ids = append(ids, one.id())
	}
	return ids
}

// pick chooses those of the given ids, in their own order; all without any.
func pick[T identified](flag string, all []T, given string) ([]T, error) {
	if given == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for _, id := range strings.Split(given, ",") {
		wanted[id] = true
	}
	var picked []T
	for _, one := range all {
		if wanted[one.id()] {
			picked = append(picked, one)
		}
		delete(wanted, one.id())
	}
	for id := range wanted {
		return nil, fmt.Errorf("-%s: there is no %q, only %s", flag, id, strings.Join(ids(all), ", "))
	}
	return picked, nil
}
