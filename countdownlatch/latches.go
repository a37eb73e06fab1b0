package countdownlatch

import (
	"context"
	"fmt"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
)

// Latches serves the calls to all latches through one gateway.
type Latches struct{ store *store.Store }

// New returns the latches of a store.
func New(st *store.Store) *Latches { return &Latches{st} }

// TrySetCount begins a round, if nothing remains of the one before. That something does is an answer; the errors are
// ErrCountOutOfRange, a *keys.DamagedError, store.ErrUnavailable, store.ErrFull, and ctx's own.
func (l *Latches) TrySetCount(ctx context.Context, r SetRequest) (SetAnswer, error) {
	c := NewSetCall(l.store.Space, r)
	if err := l.run(ctx, c, nil); err != nil {
		return SetAnswer{}, fmt.Errorf("setting the count of latch %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// CountDown arrives once. Where nothing remains, and in a round that is over, nothing happens. The errors are
// ErrFutureRound, ErrTooManyArrivals, a *keys.DamagedError, store.ErrUnavailable, store.ErrFull, and ctx's own.
func (l *Latches) CountDown(ctx context.Context, r CountDownRequest) (CountDownAnswer, error) {
	c := NewCountDownCall(l.store.Space, r, time.Now())
	if err := l.run(ctx, c, nil); err != nil {
		return CountDownAnswer{}, fmt.Errorf("counting down latch %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Await waits until nothing remains of the round that is on. That the timeout passed before is an answer; the errors are
// ErrDestroyed, a *keys.DamagedError, store.ErrUnavailable, and ctx's own.
func (l *Latches) Await(ctx context.Context, r AwaitRequest) (AwaitAnswer, error) {
	c := NewAwaitCall(l.store.Space, r)
	if err := l.run(ctx, c, r.Timeout); err != nil {
		return AwaitAnswer{}, fmt.Errorf("awaiting latch %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Destroy removes the latch, and reports whether there was one: who awaits it gets ErrDestroyed. It can be set anew at
// once, and knows no earlier request then. The errors are store.ErrUnavailable, and ctx's own.
func (l *Latches) Destroy(ctx context.Context, n keys.Name) (bool, error) {
	c := NewDestroyCall(l.store.Space, n)
	if err := l.run(ctx, c, nil); err != nil {
		return false, fmt.Errorf("destroying latch %q: %w", n, err)
	}
	return c.destroyed, nil
}

// ended is a call that ends with an answer or with Err.
type ended interface {
	store.Call
	Err() error
}

func (l *Latches) run(ctx context.Context, c ended, timeout *time.Duration) error {
	if err := l.store.Run(ctx, c, timeout); err != nil {
		return err
	}
	return c.Err()
}
