package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/cpgate/cpgate"
)

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a node until it is told to stop",
		Long: "Run a node until SIGINT or SIGTERM; it then stops within 5 seconds, and at once on a second one.\n\n" +
			"Each setting can be a flag, the variable in brackets, or a line of the file given by --config, under\n" +
			"the name of the flag with _ for -. Flags win over variables, variables over the file. To see what is\n" +
			"in effect: cpgate config print.",
		Args: cobra.NoArgs,
	}
	flags := addFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, _, err := load(flags, os.Environ())
		if err != nil {
			return err
		}
		if o.node.Logger, err = newLogger(o, c.ErrOrStderr()); err != nil {
			return err
		}
		return serve(c.Context(), o.node, c.OutOrStdout())
	}
	return c
}

// serve runs a node until ctx is done, which is no error, or until it fails.
func serve(ctx context.Context, c cpgate.Config, out io.Writer) (err error) {
	n, err := cpgate.Start(ctx, c)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // told to stop before it was up
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	fmt.Fprintf(out, "cpgate: serving on %s%s (%s) - try: %s\n",
		n.Addr(), over(c), n.Backing(), hint(c, reachable(n.Addr())))
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.Failed():
		return err
	}
}

// reachable turns an address that stands for all of this machine's into one that can be called.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (ip == nil || !ip.IsUnspecified()) {
		return addr
	}
	return net.JoinHostPort("localhost", port)
}
