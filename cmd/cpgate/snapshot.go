package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate"
)

// saveTimeout is how long all of a snapshot may take.
const saveTimeout = time.Hour

func newSnapshot() *cobra.Command {
	c := &cobra.Command{
		Use:   "snapshot",
		Short: "Save all that a cluster keeps in a file, and make a new cluster of it",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newSave(), newRestore())
	return c
}

func newSave() *cobra.Command {
	c := &cobra.Command{
		Use:   "save FILE",
		Short: "Save all that a cluster keeps, while it runs",
		Args:  cobra.ExactArgs(1),
	}
	r := addReach(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		err := r.with(c.Context(), answerTimeout, func(ctx context.Context, e *clientv3.Client) error {
			if _, err := e.MemberList(ctx, clientv3.WithSerializable()); err != nil {
				return said(err)
			}
			return nil
		})
		if err != nil {
			return err // nobody is there: no need to wait for all of the time
		}
		return r.with(c.Context(), saveTimeout, func(ctx context.Context, e *clientv3.Client) error {
			bytes, err := save(ctx, e, args[0])
			if err != nil {
				return fmt.Errorf("snapshot %q: %w", args[0], err)
			}
			fmt.Fprintf(c.OutOrStdout(), "saved %s (%s)\n", args[0], size(bytes))
			return nil
		})
	}
	return c
}

// save writes a snapshot under another name until all of it is on the disk.
func save(ctx context.Context, c *clientv3.Client, path string) (size int64, err error) {
	stream, err := c.SnapshotWithVersion(ctx)
	if err != nil {
		return 0, said(err)
	}
	defer stream.Snapshot.Close()
	part, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, pathless(err)
	}
	size, err = io.Copy(part, stream.Snapshot)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		_ = os.Remove(part.Name())
		return 0, pathless(err)
	}
	return size, nil
}

// pathless leaves out of an error the path that is told already.
func pathless(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func newRestore() *cobra.Command {
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the data folder of a member of a new cluster from a snapshot",
		Long: "Make the data folder of a member of a new cluster from a snapshot, for serve with the same settings. Every\n" +
			"member is restored, from the same snapshot. The revision is raised by far, so that the next fence of every\n" +
			"lock is larger than any before, also than those given out after the snapshot was taken.",
		Args: cobra.ExactArgs(1),
	}
	flags := addFlags(c, "config", "data-dir", "name", "cp-member-count", "group-size", "members",
		"peer-cert-file", "peer-key-file", "peer-ca-file")
	c.RunE = func(c *cobra.Command, args []string) error {
		o, _, err := load(flags, os.Environ())
		if err != nil {
			return err
		}
		r, err := cpgate.Restore(o.node, args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "restored %d keys of revision %d into %s\nfences go on from %d, above all that were given out before\n",
			r.Keys, r.Saved, o.node.DataDir, r.Revision)
		return nil
	}
	return c
}
