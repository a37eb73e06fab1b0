package faults

import (
	"context"
	"errors"
	"time"
)

// longerThanElection is longer than etcd's election timeout twice: the others have elected, and who is cut off knows it.
const longerThanElection = 2500 * time.Millisecond

// The kinds that hit processes.
var (
	// KillLeader kills the leader (kill -9) and starts it again.
	KillLeader = Kind{Name: "kill the leader", lasts: longerThanElection, inject: killing((*scene).leader)}
	// KillFollower kills another one and starts it again.
	KillFollower = Kind{Name: "kill a follower", lasts: time.Second, inject: killing((*scene).follower)}
	// KillAll kills all members and starts them again.
	KillAll = Kind{Name: "kill all", lasts: time.Second, NoMajority: true, inject: killing((*scene).all)}
	// Restart stops a member as an operator does (SIGTERM), telling those who wait there to go elsewhere, and starts it again.
	Restart = Kind{Name: "restart a member", lasts: time.Second, inject: restart}
	// PauseLeader stops the leader (SIGSTOP) for longer than an election takes, and than short sessions last.
	PauseLeader = Kind{Name: "pause the leader", lasts: 2 * longerThanElection, inject: pausing((*scene).leader)}
	// PauseFollower stops another one for longer than an election takes.
	PauseFollower = Kind{Name: "pause a follower", lasts: longerThanElection, inject: pausing((*scene).follower)}
)

// choice gives the members that a fault hits.
type choice func(s *scene, ctx context.Context) ([]*Member, error)

func (s *scene) leader(ctx context.Context) ([]*Member, error) {
	i, err := s.Leader(ctx)
	if err != nil {
		return nil, err
	}
	return []*Member{s.members[i]}, nil
}

func (s *scene) follower(ctx context.Context) ([]*Member, error) {
	i, err := s.Leader(ctx)
	if err != nil {
		return nil, err
	}
	others := s.network.without(i)
	return []*Member{s.members[others[s.rand.IntN(len(others))]]}, nil
}

func (s *scene) all(context.Context) ([]*Member, error) { return s.members, nil }

func killing(whom choice) func(context.Context, *scene) (func(context.Context) error, error) {
	return func(ctx context.Context, s *scene) (func(context.Context) error, error) {
		members, err := whom(s, ctx)
		if err != nil {
			return nil, err
		}
		start := func(ctx context.Context) error { return s.startAll(ctx, members...) }
		for _, m := range members {
			if err := m.Kill(); err != nil {
				return nil, errors.Join(err, start(ctx))
			}
		}
		return start, nil
	}
}

func restart(ctx context.Context, s *scene) (func(context.Context) error, error) {
	m := s.members[s.rand.IntN(s.Len())]
	if err := m.Stop(ctx); err != nil {
		return nil, err
	}
	return m.Start, nil
}

func pausing(whom choice) func(context.Context, *scene) (func(context.Context) error, error) {
	return func(ctx context.Context, s *scene) (func(context.Context) error, error) {
		members, err := whom(s, ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if err := m.Pause(); err != nil {
				return nil, err
			}
		}
		return func(context.Context) error {
			var errs []error
			for _, m := range members {
				errs = append(errs, m.Resume())
			}
			return errors.Join(errs...)
		}, nil
	}
}
