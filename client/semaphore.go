package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Semaphore is a handle on the semaphore of one name. Whoever acquires is served strictly first come, first served:
// nobody overtakes a waiter, also not with fewer permits.
//
// Permits belong to the client's session and come back when it ends, unless the handle is Sessionless. A handle is safe
// for use by many goroutines. What an acquire got is given back in one of two ways: by the Permits that it answered, or
// by number with Release. Goroutines that share a handle should all go one way.
type Semaphore struct {
	c           *Client
	name        string
	sessionless bool

	mu   sync.Mutex
	held []*Permits // acquired through this handle and to be given back in a session, the oldest first
}

// SemaphoreOption changes what Client.Semaphore gives.
type SemaphoreOption func(*Semaphore)

// Sessionless says that the semaphore is one that only counts: anybody may release, also what was never acquired, and
// nothing comes back by itself, neither when a program crashes nor by Client.Close. Calls need no session and open none.
// Init makes such a semaphore; every other call to one of the other kind fails with ErrInvalidArgument.
func Sessionless() SemaphoreOption {
	return func(m *Semaphore) { m.sessionless = true }
}

// Semaphore gives a handle on the semaphore of that name, 1 to 512 bytes of UTF-8; a trailing "@default" is dropped. It
// does no I/O: a name that is not allowed shows at the first call.
func (c *Client) Semaphore(name string, options ...SemaphoreOption) *Semaphore {
	m := &Semaphore{c: c, name: name}
	for _, o := range options {
		o(m)
	}
	return m
}

// Acquire waits in line until it has n permits, 1 to 2147483647, or ctx ends. Before Init it waits for that, and for
// more permits than there are it waits until there are more. When ctx ends the client leaves the line in the background,
// and gives back what the request may have got meanwhile.
//
// Errors: the cause of ctx, ErrSessionExpired when the session was lost (acquire again: a new one is opened),
// ErrDestroyed, ErrWaitCancelled, ErrTooManyTickets, ErrInvalidName, ErrInvalidArgument, ErrDamaged, ErrClosed.
func (m *Semaphore) Acquire(ctx context.Context, n int) (*Permits, error) {
	p, err := m.acquire(ctx, n)
	if err != nil {
		return nil, err
	}
	m.keep(p)
	return p, nil
}

// TryAcquire is Acquire with a limit to the wait; 0 or less means not to wait at all. Permits that stay taken are no
// error: the answer is false, beside no Permits. When no endpoint answers, TryAcquire ends with ErrUnavailable a few
// seconds after the timeout.
func (m *Semaphore) TryAcquire(ctx context.Context, n int, timeout time.Duration) (*Permits, bool, error) {
	p, err := m.take(ctx, n, upTo(timeout))
	if err != nil {
		return nil, false, fmt.Errorf("acquiring %d of %q: %w", n, m.name, err)
	}
	if p == nil {
		return nil, false, nil
	}
	m.keep(p)
	return p, true, nil
}

// Do acquires as Acquire does, runs f, and gives the permits back, whatever becomes of f. The context of f ends before
// the permits can be anyone else's because of a lost session, and as soon as a server says that the semaphore was
// destroyed, with a cause that is ErrOwnershipLost; f has to return then. It ends also when ctx does, and when f has
// returned. Do returns f's error, joined with ErrOwnershipLost when the permits were lost while f ran, and with
// ErrUnavailable when no server confirmed within five seconds that they are given back: the client then goes on in the
// background.
//
// Release by number never takes the permits of a Do.
func (m *Semaphore) Do(ctx context.Context, n int, f func(ctx context.Context) error) error {
	p, err := m.acquire(ctx, n)
	if err != nil {
		return err
	}
	return during(ctx, p.stake, f, p.Release)
}

func (m *Semaphore) acquire(ctx context.Context, n int) (*Permits, error) {
	p, err := m.take(ctx, n, wait{})
	if err == nil && p == nil {
		err = ErrUnavailable // NOT_ACQUIRED to a request without a timeout: no server of this protocol says so
	}
	if err != nil {
		return nil, fmt.Errorf("acquiring %d of %q: %w", n, m.name, err)
	}
	return p, nil
}

// enter gives the session that permits are to be held in, with a place there.
func (m *Semaphore) enter(ctx context.Context) (*session, error) {
	if m.sessionless {
		return m.c.none, nil
	}
	return m.c.enter(ctx, false)
}

// on is the service as one attempt reaches it.
func (*Semaphore) on(a attempt) cpgatev1.SemaphoreServiceClient {
	return cpgatev1.NewSemaphoreServiceClient(a.conn)
}
