package client

import (
	"context"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Init gives the semaphore its permits, 0 to 2147483647, once, and admits who waits for that. Where it has been
// initialized before nothing changes, and the answer is false: every program that uses it may do this at its start.
//
// Errors: ErrInvalidName, ErrInvalidArgument, ErrDamaged, ErrClosed; the cause of ctx, and whether it has been
// initialized is unknown then.
func (m *Semaphore) Init(ctx context.Context, permits int) (bool, error) {
	n, err := number("permits", permits)
	if err != nil {
		return false, fmt.Errorf("initializing %q: %w", m.name, err)
	}
	id := newID()
	r, err := brief(ctx, m.c, "initializing", m.name, func(ctx context.Context, a attempt) (*cpgatev1.InitSemaphoreResponse, error) {
		return m.on(a).InitSemaphore(ctx, &cpgatev1.InitSemaphoreRequest{
			Name: m.name, Permits: n, Sessionless: m.sessionless, RequestId: id,
		})
	})
	return r.GetInitialized(), err
}

// Increase adds n permits, 0 to 2147483647, to those that there are.
//
// Errors: ErrNotInitialized; ErrInvalidArgument, also for more than 2147483647 in all; ErrInvalidName, ErrDamaged,
// ErrClosed; the cause of ctx, and whether they were added is unknown then.
func (m *Semaphore) Increase(ctx context.Context, n int) error {
	permits, err := number("permits", n)
	if err != nil {
		return fmt.Errorf("increasing %q: %w", m.name, err)
	}
	id := newID()
	_, err = brief(ctx, m.c, "increasing", m.name, func(ctx context.Context, a attempt) (*cpgatev1.IncreasePermitsResponse, error) {
		return m.on(a).IncreasePermits(ctx, &cpgatev1.IncreasePermitsRequest{
			Name: m.name, Permits: permits, RequestId: id, Attempt: a.n,
		})
	})
	return err
}

// Reduce removes n permits, 0 to 2147483647, from those that there are. It never waits and takes nothing back: fewer than
// 0 may be available after it, and nobody is admitted until enough are.
//
// Errors: as those of Increase, and ErrTooManyOps.
func (m *Semaphore) Reduce(ctx context.Context, n int) error {
	permits, err := number("permits", n)
	if err != nil {
		return fmt.Errorf("reducing %q: %w", m.name, err)
	}
	id := newID()
	_, err = brief(ctx, m.c, "reducing", m.name, func(ctx context.Context, a attempt) (*cpgatev1.ReducePermitsResponse, error) {
		return m.on(a).ReducePermits(ctx, &cpgatev1.ReducePermitsRequest{
			Name: m.name, Permits: permits, RequestId: id, Attempt: a.n,
		})
	})
	return err
}

// Destroy removes the semaphore with all that is held of it; whoever waits gets ErrDestroyed. It can be initialized anew
// at once. The answer is false when there was nothing to destroy, also because an attempt whose answer got lost did it.
//
// Errors: ErrInvalidName, ErrClosed, the cause of ctx.
func (m *Semaphore) Destroy(ctx context.Context) (bool, error) {
	r, err := brief(ctx, m.c, "destroying", m.name, func(ctx context.Context, a attempt) (*cpgatev1.DestroySemaphoreResponse, error) {
		return m.on(a).DestroySemaphore(ctx, &cpgatev1.DestroySemaphoreRequest{Name: m.name})
	})
	return r.GetDestroyed(), err
}

// checked gives a number of permits as it is sent, and refuses what can't even be put into a request; all other rules
// are the server's.
func (m *Semaphore) checked(permits int) (int32, error) {
	if err := validName(m.name); err != nil {
		return 0, err
	}
	return number("permits", permits)
}
