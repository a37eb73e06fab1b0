package faults

import (
	"context"
	"time"
)

// manner is how a disk behaves towards the calls of a member that wait for it, or that take more of it.
type manner struct {
	delay time.Duration // before a sync
	full  bool          // what would write to the database or make a file longer fails with ENOSPC
}

// The kinds that hit a disk.
var (
	// SlowDisk makes every sync of the leader's disk take a fifth of a second longer.
	SlowDisk = Kind{
		Name: "slow disk", NeedsDisks: true, lasts: 4 * time.Second,
		inject: disking((*scene).leader, manner{delay: 200 * time.Millisecond}),
	}
	// FullDisk makes the disk of one member full. etcd ends then, for it can't tell what it has kept; there is space again
	// when it is started anew.
	FullDisk = Kind{Name: "full disk", NeedsDisks: true, lasts: 3 * time.Second, inject: disking((*scene).any, manner{full: true})}
)

func (s *scene) any(context.Context) ([]*Member, error) {
	return []*Member{s.members[s.rand.IntN(len(s.members))]}, nil
}

func disking(whom choice, to manner) func(context.Context, *scene) (func(context.Context) error, error) {
	return func(ctx context.Context, s *scene) (func(context.Context) error, error) {
		members, err := whom(s, ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			m.mayPanic = m.mayPanic || to.full
			m.disk.set(to)
		}
		return func(ctx context.Context) error {
			for _, m := range members {
				m.disk.set(manner{})
			}
			return s.startAll(ctx, members...) // who has ended
		}, nil
	}
}
