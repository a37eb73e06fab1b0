package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
)

// serve gives servers that serve, and where their files are. They are started for this measurement, and thrown away when
// it is done; those of a system that has to get warm are kept for the others of the round, and stand still meanwhile.
func (r *report) serve(ctx context.Context, members int, y *system) (c *cluster, dir string, done func(), err error) {
	if c := r.kept[y.name]; c != nil {
		if err := c.signal(syscall.SIGCONT); err != nil {
			return nil, "", nil, err
		}
		return c, "", func() { c.rest() }, nil
	}
	if dir, err = os.MkdirTemp(r.tools.dir, y.name); err != nil {
		return nil, "", nil, err
	}
	if c, err = y.start(ctx, r.tools, members, dir); err != nil {
		return nil, "", nil, err
	}
	if y.warm == 0 {
		return c, dir, func() { c.stop(); _ = os.RemoveAll(dir) }, nil
	}
	say("  warming up for %v", y.warm)
	if _, err = r.call(ctx, warmUp(y, c)); err != nil {
		c.stop()
		return nil, "", nil, fmt.Errorf("warming up: %w", err)
	}
	r.kept[y.name] = c
	return c, dir, func() { c.rest() }, nil
}

// warmUp is work that uses all that is measured of a system later.
func warmUp(y *system, c *cluster) task {
	return task{
		System: y.name, Name: "warm-up", Kind: ownLocks, Endpoints: c.endpoints, Servers: c.pids(), Callers: 64,
		Duration: y.warm,
	}
}

// rest lets servers stand still. Those that can't are found out when they are asked to go on.
func (c *cluster) rest() { _ = c.signal(syscall.SIGSTOP) }

// drop throws away the servers that were kept.
func (r *report) drop() {
	for name, c := range r.kept {
		c.stop()
		delete(r.kept, name)
	}
}
