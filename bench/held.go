package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// holding is what locks cost that are only held.
type holding struct {
	locks    int
	taking   time.Duration // how long it took to take them
	gateway  int64         // bytes that a gateway without a member has more of resident than before
	member   int64         // the same of a member
	restart  time.Duration // from the start of the killed member until it serves again
	sessions int
}

const (
	heldPerSession = 1000
	// settle is how long memory is left alone before it is looked at.
	settle = 10 * time.Second
)

// holdLocks takes locks through a member, and looks at it and at a gateway that has the mirror and nothing else.
func holdLocks(ctx context.Context, from tools, c *cluster, w workload, dir string) (*holding, error) {
	addrs, err := unused(1)
	if err != nil {
		return nil, err
	}
	s, err := launch(ctx, filepath.Join(dir, "gateway.log"), from.cpgate,
		"serve", "--listen", addrs[0], "--cp-member-count", "0", "--etcd-endpoints", c.endpoints[0])
	if err != nil {
		return nil, err
	}
	gateway := &cluster{endpoints: addrs, servers: []*server{s}}
	defer gateway.stop()
	if err := s.await(ctx, well("http://"+addrs[0]+"/readyz")); err != nil {
		return nil, err
	}
	h := &holding{locks: w.callers * heldPerSession, sessions: w.callers}
	before, err := bothResident(ctx, gateway, c)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := takeAll(ctx, c.endpoints[0], addrs[0], w.callers); err != nil {
		return nil, err
	}
	h.taking = time.Since(began)
	after, err := bothResident(ctx, gateway, c)
	if err != nil {
		return nil, err
	}
	h.gateway, h.member = after[0]-before[0], after[1]-before[1]
	gateway.stop()
	h.restart, err = restart(ctx, c.servers[0], c.endpoints[0])
	if err == nil {
		err = stillHeld(ctx, c.endpoints[0], w.callers)
	}
	return h, err
}

// bothResident is what the gateway and the member have resident, once they had the time to give back what they can.
func bothResident(ctx context.Context, gateway, member *cluster) (bytes [2]int64, err error) {
	wait(ctx, settle)
	for n, c := range []*cluster{gateway, member} {
		if bytes[n], err = resident(c.pids()); err != nil {
			return bytes, err
		}
	}
	return bytes, nil
}

func heldName(session, n int) string { return fmt.Sprintf("bench-held-%d-%d", session, n) }

// takeAll opens the sessions and takes the locks, and returns when the gateway knows of the last ones.
func takeAll(ctx context.Context, member, gateway string, sessions int) error {
	conn, err := dial(member)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	on, locks := cpgatev1.NewSessionServiceClient(conn), cpgatev1.NewFencedLockServiceClient(conn)
	err = forEach(sessions, func(session int) error {
		opened, err := on.OpenSession(ctx, &cpgatev1.OpenSessionRequest{TtlSeconds: 3600})
		for n := 0; err == nil && n < heldPerSession; n++ {
			q := &cpgatev1.LockRequest{Name: heldName(session, n), SessionId: opened.GetSessionId()}
			_, err = locks.Lock(ctx, q)
		}
		return err
	})
	if err != nil {
		return err
	}
	return stillHeld(ctx, gateway, sessions)
}

// stillHeld fails if the last lock of a session is free, as this node sees it.
func stillHeld(ctx context.Context, node string, sessions int) error {
	conn, err := dial(node)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	locks := cpgatev1.NewFencedLockServiceClient(conn)
	return forEach(sessions, func(session int) error {
		got, err := locks.GetLock(ctx, &cpgatev1.GetLockRequest{Name: heldName(session, heldPerSession-1)})
		if err == nil && got.GetLock().GetHolder() == nil {
			err = errors.New("a lock is free that was taken")
		}
		return err
	})
}

// restart kills a server, starts it again, and tells how long that takes until it serves.
func restart(ctx context.Context, s *server, addr string) (time.Duration, error) {
	s.kill()
	began := time.Now()
	again, err := launch(ctx, s.log, s.cmd.Path, s.cmd.Args[1:]...)
	if err != nil {
		return 0, err
	}
	*s = *again
	err = s.await(ctx, well("http://"+addr+"/readyz"))
	return time.Since(began), err
}
