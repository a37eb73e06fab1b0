package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/bench"
)

func newBench() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast a cluster answers callers",
		Long: "Measure how fast a running cluster answers callers that do the same over and over, each beginning anew when it is done:\n\n" +
			"  lock       lock and unlock\n" +
			"  semaphore  acquire a permit and release it\n" +
			"  latch      set a latch to 1, count it down, and see --waiters answered; with --hot, count down one latch\n" +
			"  session    keep an idle session alive, one for each caller\n\n" +
			"All of it is what programs do too: durable, through the Go client, beside whoever else uses the cluster, whom it slows\n" +
			"down. What it makes has a name that begins with \"" + benchPrefix + "\", and is gone when it ends, but for the answers to calls\n" +
			"about latches, which a cluster keeps for ten minutes. Under access control, a user needs to write locks that begin so, and the\n" +
			"role root for semaphores and latches, which it destroys. For callers on one machine the limit may be that machine.",
		Args: cobra.NoArgs,
	}
	r := addReach(c)
	asJSON := addOutput(c)
	l := addBenchLoad(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := l.check(c.Flags().Changed); err != nil {
			return err
		}
		err := r.with(c.Context(), answerTimeout, func(ctx context.Context, e *clientv3.Client) error {
			if _, err := e.MemberList(ctx, clientv3.WithSerializable()); err != nil {
				return said(err)
			}
			return nil
		})
		if err != nil {
			return err // nobody is there, and the Go client would wait for somebody
		}
		report, err := l.run(c.Context(), r, progressOn(os.Stderr))
		switch {
		case err != nil:
			return err
		case asJSON():
			return writeJSON(c.OutOrStdout(), report)
		}
		return report.write(c.OutOrStdout())
	}
	return c
}

// benchReport is what `cpgate bench` says.
type benchReport struct {
	Primitive string `json:"primitive"`
	Callers   int    `json:"callers"`
	Clients   int    `json:"clients"`
	Hot       bool   `json:"hot"`
	Unary     bool   `json:"unary"`
	bench.Result
}

func (b benchReport) write(out io.Writer) error {
	on := "each with its own"
	if b.Hot {
		on = "all on the same"
	}
	fmt.Fprintf(out, "%s: callers %d, %s; clients %d\n\n", b.Primitive, b.Callers, on, b.Clients)
	return b.Write(out)
}

// progressOn writes a line that tells how far it is, over and over, where a person looks at it.
func progressOn(out *os.File) func(bench.Progress) {
	// A device may be no terminal, but then nobody reads it.
	if i, err := out.Stat(); err != nil || i.Mode()&os.ModeCharDevice == 0 {
		return func(bench.Progress) {}
	}
	return func(p bench.Progress) {
		const erase = "\r\x1b[K"
		doing := "measuring"
		switch p.Phase {
		case bench.Over:
			fmt.Fprint(out, erase)
			return
		case bench.WarmingUp:
			doing = "warming up"
		}
		rate := 0.0
		if p.Elapsed > 0 {
			rate = float64(p.Cycles) / p.Elapsed.Seconds()
		}
		fmt.Fprintf(out, "%s%s: %v of %v, %.0f cycles per second", erase, doing, p.Elapsed.Round(time.Second), p.Of, rate)
	}
}
