package faults_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/tests/faults"
)

// loadTTL is longer than any fault that lasts, so that a caller through the Go client sees a pause and nothing else.
const loadTTL = 20 * time.Second

// load is some callers through the Go client, who witness what they hold.
type load struct {
	*testing.T
	c       *faults.Cluster
	clients []*client.Client
	over    atomic.Bool
	failed  atomic.Bool
	at      sync.WaitGroup
	turns   []*atomic.Int64 // of each worker

	mu        sync.Mutex
	witnesses []faults.Witness
	longest   time.Duration
}

const (
	loadPool    = "pool"
	loadPermits = 3
)

// newLoad sets callers to work: five clients, each of which prefers another member, with two on locks and one on a semaphore.
func newLoad(t *testing.T, c *faults.Cluster) *load {
	t.Helper()
	l := &load{T: t, c: c}
	for i := range 5 {
		addrs := c.Addrs()
		n := i % len(addrs)
		one := must(client.NewWith(client.Config{
			Endpoints: slices.Concat(addrs[n:], addrs[:n]), SessionTTL: loadTTL, Logger: slog.New(slog.DiscardHandler),
		}))(t)
		l.clients = append(l.clients, one)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), faults.Soon)
	t.Cleanup(cancel)
	if _, err := l.clients[0].Semaphore(loadPool).Init(ctx, loadPermits); err != nil {
		t.Fatal(err)
	}
	for i, one := range l.clients {
		l.work(func() error { return l.lock(ctx, one, "orders") })
		l.work(func() error { return l.lock(ctx, one, []string{"even/numbers", "odd"}[i%2]) })
		l.work(func() error { return l.acquire(ctx, one, 1+i%2) })
	}
	return l
}

// work has turns until the load is stopped.
func (l *load) work(turn func() error) {
	turns := &atomic.Int64{}
	l.turns = append(l.turns, turns)
	l.at.Go(func() {
		for !l.over.Load() && !l.failed.Load() {
			begin := time.Now()
			if err := turn(); err != nil {
				l.failed.Store(true)
				l.Errorf("a caller got: %v", err)
				return
			}
			l.took(time.Since(begin))
			turns.Add(1)
		}
	})
}

func (l *load) took(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.longest = max(l.longest, d)
}

// lock and acquire give back themselves: a Do waits for five seconds only to hear that it is done.
func (l *load) lock(ctx context.Context, c *client.Client, name string) error {
	lock := c.Lock(name)
	fence, err := lock.Lock(ctx)
	if err != nil {
		return err
	}
	err = l.witness(ctx, lock.Lost(), faults.Witness{Lock: name, Fence: int64(fence)})
	return errors.Join(err, lock.Unlock(ctx))
}

func (l *load) acquire(ctx context.Context, c *client.Client, n int) error {
	p, err := c.Semaphore(loadPool).Acquire(ctx, n)
	if err != nil {
		return err
	}
	id, err := c.SessionID(ctx)
	if err == nil {
		err = l.witness(ctx, p.Lost(), faults.Witness{Semaphore: loadPool, Session: id, Permits: int64(n)})
	}
	return errors.Join(err, p.Release(ctx))
}

// witness notes a hold with a revision at which it was one.
func (l *load) witness(ctx context.Context, lost <-chan struct{}, w faults.Witness) (err error) {
	if w.Revision, err = l.c.Revision(ctx); err != nil {
		return err
	}
	select {
	case <-lost:
		return errors.New("the hold was lost")
	default:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.witnesses = append(l.witnesses, w)
	return nil
}

// awaitTurns waits until every worker has had n turns more.
func (l *load) awaitTurns(n int64) {
	l.Helper()
	var want []int64
	for _, turns := range l.turns {
		want = append(want, turns.Load()+n)
	}
	for end := time.Now().Add(faults.Soon); !l.reached(want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			l.Fatal("the callers are stuck")
		}
	}
}

func (l *load) reached(want []int64) bool {
	for i, turns := range l.turns {
		if turns.Load() < want[i] {
			return l.failed.Load()
		}
	}
	return true
}

// held is how many holds there have been.
func (l *load) held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.witnesses)
}

// stop lets every worker end its turn, and returns what they have witnessed.
func (l *load) stop() []faults.Witness {
	l.over.Store(true)
	l.at.Wait()
	for _, c := range l.clients {
		if err := c.Close(); err != nil {
			l.Errorf("closing a client: %v", err)
		}
	}
	return l.witnesses
}

// must turns an error into the end of the test.
func must[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
