package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"go.uber.org/zap"

	"github.com/cpgate/cpgate/internal/bench"
)

// etcdMutex is the lock in etcd's own Go client.
var etcdMutex = &system{
	name: "etcd-mutex", title: "etcd, concurrency.Mutex", clustered: true,
	build: buildEtcd, version: etcdVersion, start: startEtcd,
	work: map[kind]func(context.Context, task) (bench.Work, error){ownLocks: etcdMutexes, oneLock: etcdMutexes},
}

// etcdLockService is the lock service of etcd's server.
var etcdLockService = &system{
	name: "etcd-v3lock", title: "etcd, v3lock service",
	build: buildEtcd, version: etcdVersion, start: startEtcd,
	work: map[kind]func(context.Context, task) (bench.Work, error){ownLocks: etcdServiceLocks, oneLock: etcdServiceLocks},
}

// etcdLeases is etcd with leases that its client keeps alive: the least that a session can cost.
var etcdLeases = &system{
	name: "etcd-leases", title: "etcd, bare leases", only: []string{"W7a"},
	build: buildEtcd, version: etcdVersion, start: startEtcd,
	work: map[kind]func(context.Context, task) (bench.Work, error){idleSessions: etcdIdleLeases},
}

// etcdPut is one put in etcd: one commit and one round trip, the least that a lock can take.
var etcdPut = &system{
	name: "etcd-put", title: "etcd, one put", only: []string{"W1"},
	build: buildEtcd, version: etcdVersion, start: startEtcd,
	work: map[kind]func(context.Context, task) (bench.Work, error){ownLocks: etcdPuts},
}

// buildEtcd builds the etcd that tools/etcd pins, once.
func buildEtcd(ctx context.Context, to *tools) error {
	if to.etcd != "" {
		return nil
	}
	path := filepath.Join(to.dir, "etcd")
	_, err := output(ctx, filepath.Join(to.repo, "tools/etcd"), "go", "build", "-o", path, "go.etcd.io/etcd/server/v3")
	if err == nil {
		to.etcd = path
	}
	return err
}

func etcdVersion(ctx context.Context, from tools) (string, error) {
	said, err := output(ctx, ".", from.etcd, "--version")
	return firstLine(said), err
}

// startEtcd starts members with the settings that they have by default.
func startEtcd(ctx context.Context, from tools, members int, dir string) (*cluster, error) {
	return startNodes(ctx, from.etcd, members, dir, "http://", "/health", func(one node, all string) []string {
		at, peer := "http://"+one.addr, "http://"+one.peer
		return []string{
			"--name", one.name, "--data-dir", one.dir, "--log-level", "error",
			"--listen-client-urls", at, "--advertise-client-urls", at, "--listen-peer-urls", peer,
			"--initial-advertise-peer-urls", peer, "--initial-cluster", all,
		}
	})
}

// etcdClients makes a client for each endpoint.
func etcdClients(endpoints []string) (all []*clientv3.Client, err error) {
	for _, e := range endpoints {
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{e}, Logger: zap.NewNop()})
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// etcdSessions opens a session for each caller: in one, etcd's locks don't exclude each other.
func etcdSessions(t task) ([]*concurrency.Session, []*clientv3.Client, error) {
	clients, err := etcdClients(t.Endpoints)
	if err != nil {
		return nil, nil, err
	}
	sessions := make([]*concurrency.Session, t.Callers)
	err = forEach(t.Callers, func(n int) (err error) {
		sessions[n], err = concurrency.NewSession(clients[n%len(clients)])
		return err
	})
	return sessions, clients, err
}

func etcdMutexes(_ context.Context, t task) (bench.Work, error) {
	sessions, _, err := etcdSessions(t)
	if err != nil {
		return bench.Work{}, err
	}
	locks := make([]*concurrency.Mutex, t.Callers)
	for n := range locks {
		locks[n] = concurrency.NewMutex(sessions[n], t.name(n))
	}
	return lockWork(t, func(ctx context.Context, n int) (unlock func(context.Context) error, err error) {
		return locks[n].Unlock, locks[n].Lock(ctx)
	}), nil
}

func etcdServiceLocks(_ context.Context, t task) (bench.Work, error) {
	sessions, clients, err := etcdSessions(t)
	if err != nil {
		return bench.Work{}, err
	}
	service := v3lockpb.NewLockClient(clients[0].ActiveConnection())
	return lockWork(t, func(ctx context.Context, n int) (unlock func(context.Context) error, err error) {
		held, err := service.Lock(ctx, &v3lockpb.LockRequest{Name: []byte(t.name(n)), Lease: int64(sessions[n].Lease())})
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			_, err := service.Unlock(ctx, &v3lockpb.UnlockRequest{Key: held.Key})
			return err
		}, nil
	}), nil
}

func etcdPuts(_ context.Context, t task) (bench.Work, error) {
	clients, err := etcdClients(t.Endpoints)
	if err != nil {
		return bench.Work{}, err
	}
	return bench.Work{
		Steps: []string{"put"},
		Cycle: func(ctx context.Context, n int, lap *bench.Lap) error {
			if _, err := clients[0].Put(ctx, t.name(n), "held"); err != nil {
				return err
			}
			lap.Done()
			return nil
		},
	}, nil
}

// etcdIdleLeases keeps leases alive as etcd's client does. It renews them when a third of the TTL is over, so the TTL is
// such that it does so as often as sessions of cpgate are renewed. A cycle is a renewal; what it takes nobody can see.
func etcdIdleLeases(ctx context.Context, t task) (bench.Work, error) {
	clients, err := etcdClients(t.Endpoints)
	if err != nil {
		return bench.Work{}, err
	}
	leases := make([]clientv3.LeaseID, t.Callers)
	err = forEach(t.Callers, func(n int) error {
		granted, err := clients[0].Grant(ctx, int64(3*idleInterval/time.Second))
		if err == nil {
			leases[n] = granted.ID
		}
		return err
	})
	if err != nil {
		return bench.Work{}, err
	}
	renewed := make([]<-chan *clientv3.LeaseKeepAliveResponse, t.Callers)
	return bench.Work{
		Cycle: func(ctx context.Context, n int, _ *bench.Lap) (err error) {
			if renewed[n] == nil {
				wait(ctx, rand.N(idleInterval)) // so that they are spread over the interval
				if renewed[n], err = clients[0].KeepAlive(context.WithoutCancel(ctx), leases[n]); err != nil {
					return err
				}
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case _, alive := <-renewed[n]:
				if !alive {
					return errors.New("a lease has expired")
				}
				return nil
			}
		},
	}, nil
}
