package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/remote"
)

func newMember() *cobra.Command {
	c := &cobra.Command{
		Use:   "member",
		Short: "Look at the members of a cluster, and change who they are",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	r := addReach(c)
	c.AddCommand(newMemberList(r), newMemberAdd(r), newMemberRemove(r), newMemberPromote(r))
	return c
}

func newMemberList(r *reach) *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the members", Args: cobra.NoArgs}
	asJSON := addOutput(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return r.with(c.Context(), answerTimeout, func(ctx context.Context, e *clientv3.Client) error {
			list, err := e.MemberList(ctx)
			switch {
			case err != nil:
				return said(err)
			case asJSON():
				return writeJSON(c.OutOrStdout(), list.Members)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "MEMBER\tID\tVOTES\tADDRESS\tCLIENTS")
			for _, m := range list.Members {
				votes := "yes"
				if m.IsLearner {
					votes = "no"
				}
				fmt.Fprintf(w, "%s\t%x\t%s\t%s\t%s\n", known(m.Name), m.ID, votes, addresses(m.PeerURLs), known(addresses(m.ClientURLs)))
			}
			return w.Flush()
		})
	}
	return c
}

func newMemberAdd(r *reach) *cobra.Command {
	c := &cobra.Command{
		Use:   "add NAME=HOST:PORT",
		Short: "Add a member, which is then to be started with --rejoin",
		Long: "Add a member, with the address at which the others reach it. Start it then with --rejoin and the members of\n" +
			"the cluster, itself among them. Add one at a time, and remove a dead one before its successor is added.",
		Args: cobra.ExactArgs(1),
	}
	learner := c.Flags().Bool("learner", false, "add it without a vote, until it is promoted")
	c.RunE = func(c *cobra.Command, args []string) error {
		name, address, _ := strings.Cut(args[0], "=")
		if host, port, err := net.SplitHostPort(address); err != nil || name == "" || host == "" || port == "" {
			return fmt.Errorf("%q must be name=host:port", args[0])
		}
		return r.with(c.Context(), changeTimeout, func(ctx context.Context, e *clientv3.Client) error {
			list, err := e.MemberList(ctx)
			if err != nil {
				return said(err)
			}
			if m := memberNamed(list.Members, name); m != nil {
				return fmt.Errorf("member %q is there already, as %x", name, m.ID)
			}
			add := e.MemberAdd
			if *learner {
				add = e.MemberAddAsLearner
			}
			var added *clientv3.MemberAddResponse
			err = remote.WhenWell(ctx, func() (err error) {
				added, err = add(ctx, []string{peerScheme(list.Members) + address})
				return err
			})
			if err != nil {
				return fmt.Errorf("adding %q: %w", args[0], said(err))
			}
			fmt.Fprintf(c.OutOrStdout(), "added %s as %x\n", name, added.Member.ID)
			return nil
		})
	}
	return c
}

func newMemberRemove(r *reach) *cobra.Command {
	c := &cobra.Command{
		Use:   "remove NAME|ID",
		Short: "Remove a member for good; its data folder is of no more use",
		Args:  cobra.ExactArgs(1),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		return r.withMember(c.Context(), args[0], func(ctx context.Context, e *clientv3.Client, m *etcdserverpb.Member) error {
			err := remote.WhenWell(ctx, func() error {
				_, err := e.MemberRemove(ctx, m.ID)
				return err
			})
			if err != nil {
				return fmt.Errorf("removing %q: %w", args[0], said(err))
			}
			fmt.Fprintf(c.OutOrStdout(), "removed %x\n", m.ID)
			return nil
		})
	}
	return c
}

func newMemberPromote(r *reach) *cobra.Command {
	c := &cobra.Command{
		Use:   "promote NAME|ID",
		Short: "Give a learner its vote, once it has caught up",
		Args:  cobra.ExactArgs(1),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		return r.withMember(c.Context(), args[0], func(ctx context.Context, e *clientv3.Client, m *etcdserverpb.Member) error {
			if !m.IsLearner {
				return fmt.Errorf("member %q votes already", args[0])
			}
			if _, err := e.MemberPromote(ctx, m.ID); err != nil {
				return fmt.Errorf("promoting %q: %w", args[0], said(err))
			}
			fmt.Fprintf(c.OutOrStdout(), "promoted %x\n", m.ID)
			return nil
		})
	}
	return c
}
