package countdownlatch

import (
	"context"
	"fmt"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// Latches serves the calls to all latches through one gateway.
type Latches struct {
	store    *store.Store
	sessions *session.Keeper
}

// New returns the latches of a store. They need no session, but a place for memos.
func New(st *store.Store, sessions *session.Keeper) *Latches {
	return &Latches{store: st, sessions: sessions}
}

// TrySetCount begins a round, if nothing remains of the one before. That something does is an answer; the errors are
// ErrCountOutOfRange, a *keys.DamagedError, store.ErrUnavailable, store.ErrFull, and ctx's own.
func (l *Latches) TrySetCount(ctx context.Context, r SetRequest) (SetAnswer, error) {
	shelf, err := l.sessions.Shelf(ctx)
	c := NewSetCall(l.store.Space, r, shelf, time.Now())
	if err == nil {
		err = l.sessions.Run(ctx, c, 0, nil)
	}
	if err != nil {
		return SetAnswer{}, fmt.Errorf("setting the count of latch %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// CountDown arrives once. Where nothing remains, and in a round that is over, nothing happens. The errors are
// ErrFutureRound, ErrTooManyArrivals, a *keys.DamagedError, store.ErrUnavailable, store.ErrFull, and ctx's own.
func (l *Latches) CountDown(ctx context.Context, r CountDownRequest) (CountDownAnswer, error) {
	c := NewCountDownCall(l.store.Space, r, time.Now())
	if err := l.sessions.Run(ctx, c, 0, nil); err != nil {
		return CountDownAnswer{}, fmt.Errorf("counting down latch %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Await waits until nothing remains of the round that is on. That the timeout passed before is an answer; the errors are
// ErrDestroyed, a *keys.DamagedError, store.ErrUnavailable, and ctx's own.
func (l *Latches) Await(ctx context.Context, r AwaitRequest) (AwaitAnswer, error) {
	c := NewAwaitCall(l.store.Space, r)
	if err := l.sessions.Run(ctx, c, 0, r.Timeout); err != nil {
		return AwaitAnswer{}, fmt.Errorf("awaiting latch %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Destroy removes the latch, and reports whether it did, as of several at once one does: who awaits it gets
// ErrDestroyed. It can be set anew at once, though by no request that set it before. The errors are
// store.ErrUnavailable, and ctx's own.
func (l *Latches) Destroy(ctx context.Context, n keys.Name) (bool, error) {
	c := NewDestroyCall(l.store.Space, n)
	if err := l.sessions.Run(ctx, c, 0, nil); err != nil {
		return false, fmt.Errorf("destroying latch %q: %w", n, err)
	}
	return c.destroyed, nil
}
