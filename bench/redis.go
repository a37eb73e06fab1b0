package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"

	"github.com/cpgate/cpgate/internal/bench"
)

// redisLock is one Redis with the lock of redsync.
var redisLock = &system{
	name: "redis", title: "Redis, redsync",
	build: findRedis, version: redisVersion, start: startRedis,
	work: map[kind]func(context.Context, task) (bench.Work, error){ownLocks: redisLocks, oneLock: redisLocks},
}

func findRedis(_ context.Context, to *tools) (err error) {
	if to.redis, err = exec.LookPath("redis-server"); err != nil {
		return fmt.Errorf("the package redis-server is not installed: %w", err)
	}
	return nil
}

func redisVersion(ctx context.Context, from tools) (string, error) {
	return output(ctx, ".", from.redis, "--version")
}

// startRedis starts one that syncs its log before it answers.
func startRedis(ctx context.Context, from tools, _ int, dir string) (*cluster, error) {
	addrs, err := unused(1)
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(addrs[0], ":")
	s, err := launch(ctx, filepath.Join(dir, "redis.log"), from.redis, "--bind", "127.0.0.1", "--port", port,
		"--dir", dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "")
	if err != nil {
		return nil, err
	}
	c := &cluster{endpoints: addrs, servers: []*server{s}}
	return c.served(ctx, func(addr string) func(context.Context) bool { return replies(addr, "PING\r\n", "+PONG") })
}

// redisLocks has a connection for each caller, since Redis syncs once for all that came over them meanwhile, and asks for
// a lock until it has it.
func redisLocks(ctx context.Context, t task) (bench.Work, error) {
	c := redis.NewClient(&redis.Options{Addr: t.Endpoints[0], PoolSize: t.Callers, MinIdleConns: t.Callers})
	if err := c.Ping(ctx).Err(); err != nil {
		return bench.Work{}, err
	}
	sync := redsync.New(goredis.NewPool(c))
	locks := make([]*redsync.Mutex, t.Callers)
	for n := range locks {
		locks[n] = sync.NewMutex(t.name(n), redsync.WithTries(math.MaxInt))
	}
	return lockWork(t, func(ctx context.Context, n int) (unlock func(context.Context) error, err error) {
		return func(ctx context.Context) error {
			ok, err := locks[n].UnlockContext(ctx)
			if err == nil && !ok {
				err = errors.New("the lock was lost while it was held")
			}
			return err
		}, locks[n].LockContext(ctx)
	}), nil
}
