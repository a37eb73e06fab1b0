package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// The kinds that make much happen at once.
var (
	// ExpiryStorm opens 500 sessions, each of which takes a lock, and leaves them all to expire. It is healed when
	// nothing is left of them.
	ExpiryStorm = Kind{Name: "expiry storm", lasts: time.Second, inject: storm}
	// CatchUp kills a follower until it is so far behind that it has to catch up by a snapshot.
	CatchUp = Kind{Name: "catch up by snapshot", inject: catchUp}
	// ForgetWhileCutOff cuts a follower off until it needs a snapshot and its watch is in history that is dropped, and
	// goes on to drop history while it rebuilds what it knows.
	ForgetWhileCutOff = Kind{Name: "compact during a rebuild", lasts: longerThanElection, inject: forget}
)

const (
	stormSessions = 500
	stormTTL      = 3
	stormLocks    = "faults-storm-"
)

func storm(ctx context.Context, s *scene) (func(context.Context) error, error) {
	conns, err := s.connect()
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	some, ctx := errgroup.WithContext(ctx)
	some.SetLimit(50)
	for i := range stormSessions {
		some.Go(func() error { return abandon(ctx, conns[i%len(conns)], fmt.Sprint(stormLocks, i)) })
	}
	return s.awaitCalm, some.Wait()
}

func (s *scene) connect() (conns []*grpc.ClientConn, err error) {
	for _, m := range s.members {
		c, err := grpc.NewClient("passthrough:///"+m.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

// abandon opens a session that takes a lock and is never heard of again.
func abandon(ctx context.Context, c *grpc.ClientConn, lock string) error {
	o, err := cpgatev1.NewSessionServiceClient(c).OpenSession(ctx, &cpgatev1.OpenSessionRequest{TtlSeconds: stormTTL})
	if err != nil {
		return err
	}
	_, err = cpgatev1.NewFencedLockServiceClient(c).Lock(ctx, &cpgatev1.LockRequest{Name: lock, SessionId: o.GetSessionId()})
	if status.Code(err) == codes.FailedPrecondition {
		return nil // on a machine that is so slow it has expired already
	}
	return err
}

// awaitCalm returns when no lock of the storm is held any more.
func (s *scene) awaitCalm(ctx context.Context) error {
	for {
		a, err := s.etcd.Get(ctx, "cp/lock/"+stormLocks, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil || a.Count == 0 {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d sessions are left: %w", a.Count, stormSessions, err)
		}
	}
}

// tooMany is more Raft entries than the leader keeps for one that lags: 1,000 (embedded.catchUpEntries) and up to a
// hundred until etcd drops what is older.
const tooMany = 1_300

func catchUp(ctx context.Context, s *scene) (func(context.Context) error, error) {
	members, err := s.follower(ctx)
	if err != nil {
		return nil, err
	}
	m := members[0]
	if err := m.Kill(); err != nil {
		return nil, err
	}
	if err := s.other(m).write(ctx, tooMany); err != nil {
		return nil, errors.Join(err, m.Start(ctx))
	}
	due := s.snapshotIsDue()
	return func(ctx context.Context) error {
		if err := m.Start(ctx); err != nil {
			return err
		}
		return s.awaitCaughtUp(ctx, m, 0, due)
	}, nil
}

func forget(ctx context.Context, s *scene) (func(context.Context) error, error) {
	members, err := s.follower(ctx)
	if err != nil {
		return nil, err
	}
	m := members[0]
	before, err := m.snapshots(ctx)
	if err != nil {
		return nil, err
	}
	mend := s.cutOff(m)
	o := s.other(m)
	if err := errors.Join(o.write(ctx, tooMany), s.compact(ctx, o)); err != nil {
		return nil, errors.Join(err, mend(ctx))
	}
	due := s.snapshotIsDue()
	return func(ctx context.Context) error {
		_ = mend(ctx) // it can't fail
		return s.keepForgetting(ctx, o, func() error { return s.awaitCaughtUp(ctx, m, before, due) })
	}, nil
}

// untilDropped is for how long etcd keeps all Raft entries behind a snapshot that it has sent.
const untilDropped = 35 * time.Second

// snapshotIsDue reports whether who lags now certainly needs a snapshot. Shortly behind another one nobody does, and whoever was
// away in an earlier fault may have got one.
func (s *scene) snapshotIsDue() bool { return time.Since(s.mendedAt) > untilDropped }

// awaitCaughtUp returns when a member knows what the cluster knew at the beginning of the call. Where a snapshot was due it
// must have got more of them than before.
func (s *scene) awaitCaughtUp(ctx context.Context, m *Member, before float64, due bool) error {
	now, err := s.Revision(ctx)
	if err != nil {
		return err
	}
	for {
		a, err := s.status(ctx, m)
		if err == nil && a.Header.Revision >= now {
			break
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("%s does not catch up: %w", m.name, err)
		}
	}
	got, err := m.snapshots(ctx)
	if err == nil && due && got <= before {
		err = fmt.Errorf("%s has caught up with %v snapshots, and had %v before", m.name, got, before)
	}
	return err
}

// keepForgetting writes and drops what was written until f has returned.
func (s *scene) keepForgetting(ctx context.Context, through *Member, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	for {
		if err := errors.Join(through.write(ctx, 10), s.compact(ctx, through)); err != nil {
			return err
		}
		select {
		case err := <-done:
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// other is a member beside that one.
func (s *scene) other(m *Member) *Member { return s.members[s.network.without(m.index)[0]] }

// write makes n Raft entries.
func (m *Member) write(ctx context.Context, n int) error {
	some, ctx := errgroup.WithContext(ctx)
	some.SetLimit(32)
	for range n {
		some.Go(func() error {
			_, err := m.etcd.Put(ctx, "faults/filler", "")
			return err
		})
	}
	return some.Wait()
}

// compact drops all history that has been recorded, where somebody records.
func (s *scene) compact(ctx context.Context, through *Member) error {
	now, err := s.Revision(ctx)
	if err != nil {
		return err
	}
	if s.record != nil {
		if _, err := s.record.Await(ctx, now); err != nil {
			return err
		}
	}
	if _, err := through.etcd.Compact(ctx, now); err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
		return err
	}
	return nil
}
