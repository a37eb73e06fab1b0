package client_test

import (
	"context"
	"testing"

	"github.com/cpgate/cpgate/client"
)

// pool gives a new semaphore of n permits.
func pool(t *testing.T, c *client.Client, n int, options ...client.SemaphoreOption) *client.Semaphore {
	t.Helper()
	m := c.Semaphore("pool", options...)
	if ok, err := m.Init(within(t), n); !ok || err != nil {
		t.Fatalf("initialized %v, %v", ok, err)
	}
	return m
}

func acquire(t *testing.T, m *client.Semaphore, n int) *client.Permits {
	t.Helper()
	p, err := m.Acquire(within(t), n)
	if err != nil {
		t.Fatal(err)
	}
	if p.Count() != n {
		t.Fatalf("%d permits, want %d", p.Count(), n)
	}
	return p
}

func release(t *testing.T, p *client.Permits) {
	t.Helper()
	if err := p.Release(within(t)); err != nil {
		t.Fatal(err)
	}
}

func releaseSome(t *testing.T, m *client.Semaphore, n int) {
	t.Helper()
	if err := m.Release(within(t), n); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, m *client.Semaphore) client.SemaphoreState {
	t.Helper()
	s, err := m.Get(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func expectAvailable(t *testing.T, m *client.Semaphore, want int) {
	t.Helper()
	if n, err := m.Available(within(t)); n != want || err != nil {
		t.Errorf("%d available (%v), want %d", n, err, want)
	}
}

func awaitAvailable(t *testing.T, m *client.Semaphore, want int) {
	t.Helper()
	await(t, func() bool { return look(t, m).Available == want })
}

func awaitWaiting(t *testing.T, m *client.Semaphore, n int) {
	t.Helper()
	await(t, func() bool { return look(t, m).WaiterCount == n })
}

// lent is what an Acquire in another goroutine came to.
type lent struct {
	permits *client.Permits
	err     error
}

func acquireAside(ctx context.Context, m *client.Semaphore, n int) <-chan lent {
	c := make(chan lent, 1)
	go func() {
		p, err := m.Acquire(ctx, n)
		c <- lent{p, err}
	}()
	return c
}
