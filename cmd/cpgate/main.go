// Command cpgate runs a node of cpgate, shows its configuration and makes certificates for it.
//
// Each setting is declared once, in settings.go: the flag, the variable in the environment and the key in the
// file all come from there. main alone catches signals and exits.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// main ends with exit code 1 and one line on stderr when a command fails. The first SIGINT or SIGTERM asks the
// command to end; after it they have their usual effect again, so that a second one ends the program at once.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cpgate:", oneLine(err))
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	c := &cobra.Command{
		Use:                "cpgate",
		Short:              "Locks, semaphores and latches over gRPC, REST and etcd's own API, on an embedded etcd",
		Args:               cobra.NoArgs,
		RunE:               func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // they take more than one line
	}
	c.SetFlagErrorFunc(flagError)
	c.AddCommand(newServe(), newHealth(), newStatus(), newMember(), newSnapshot(), newBench(), newConfig(), newCerts(), newVersion())
	return c
}

// flagError names the flag that was probably meant.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	return fmt.Errorf("%w: did you mean --%s?", err, nearest(unknown.GetSpecifiedName(), known))
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
