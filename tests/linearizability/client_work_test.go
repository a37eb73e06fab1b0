package linearizability_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"

	"github.com/cpgate/cpgate/client"
)

// customer is a worker with the Go client, whose requests are recorded as it sends them.
type customer struct {
	*load
	rand   *rand.Rand
	name   string
	object string
	lib    *client.Client
}

func (l *load) customer(name, object string, endpoints []string, seed *rand.Rand) (*customer, error) {
	lib, err := client.NewWith(client.Config{
		Endpoints: endpoints, SessionTTL: 3 * time.Second, Logger: slog.New(slog.DiscardHandler),
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(l.interceptor(name))},
	})
	return &customer{load: l, rand: seed, name: name, object: object, lib: lib}, err
}

func (c *customer) upTo(d time.Duration) time.Duration { return time.Duration(c.rand.Int64N(int64(d))) }

// timeout is how long to wait, often not at all.
func (c *customer) timeout() time.Duration {
	if c.rand.IntN(2) == 0 {
		return 0
	}
	return 20*time.Millisecond + c.upTo(300*time.Millisecond)
}

// within bounds a wait: sometimes for a moment, after which the client cancels it.
func (c *customer) within() (context.Context, context.CancelFunc) {
	if c.rand.IntN(4) == 0 {
		return context.WithTimeout(c.ctx, c.upTo(50*time.Millisecond))
	}
	return context.WithTimeout(c.ctx, longestWait)
}

// Errors are recorded with what the servers said; the client's own add nothing to that.

func (c *customer) workOnLock() {
	l := c.lib.Lock(c.object, client.Owner(c.name))
	holds := 0
	for more := true; more; more = holds < 3 && c.rand.IntN(3) == 0 {
		ctx, cancel := c.within()
		if c.rand.IntN(4) == 0 {
			if _, err := l.Lock(ctx); err == nil {
				holds++
			}
		} else if _, ok, _ := l.TryLock(ctx, c.timeout()); ok {
			holds++
		}
		cancel()
	}
	sleep(c.ctx, c.upTo(5*time.Millisecond))
	for range holds {
		_ = l.Unlock(c.life)
	}
}

func (c *customer) workOnSemaphore() { c.workOnPermits(c.lib.Semaphore(c.object)) }

func (c *customer) workOnCounter() {
	c.workOnPermits(c.lib.Semaphore(c.object, client.Sessionless()))
}

func (c *customer) workOnPermits(m *client.Semaphore) {
	ctx, cancel := c.within()
	defer cancel()
	n := 1 + c.rand.IntN(3)
	switch c.rand.IntN(10) {
	case 0:
		_, _ = m.Init(c.life, permitsOf)
	case 1:
		if p, _, err := m.Drain(c.life); err == nil {
			_ = p.Release(c.life)
		}
	case 2, 3:
		if p, err := m.Acquire(ctx, n); err == nil {
			_ = p.Release(c.life)
		}
	case 4:
		if _, ok, _ := m.TryAcquire(ctx, n, 0); ok { // and in other portions
			for range n {
				_ = m.Release(c.life, 1)
			}
		}
	default:
		if p, ok, _ := m.TryAcquire(ctx, n, c.timeout()); ok {
			sleep(c.ctx, c.upTo(5*time.Millisecond))
			_ = p.Release(c.life)
		}
	}
}

func (c *customer) workOnLatch() {
	l := c.lib.Latch(c.object)
	switch c.rand.IntN(6) {
	case 0:
		_, _, _ = l.TrySetCount(c.life, 1+c.rand.IntN(6))
	case 1, 2, 3:
		_ = l.CountDown(c.life)
	default:
		ctx, cancel := c.within()
		defer cancel()
		_, _ = l.TryAwait(ctx, c.timeout())
		sleep(c.ctx, c.upTo(5*time.Millisecond))
	}
}
