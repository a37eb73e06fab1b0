package fencedlock

import (
	"context"
	"fmt"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// Locks serves the calls to all locks through one gateway.
type Locks struct {
	store    *store.Store
	sessions *session.Keeper
	limits   Limits
}

// New returns the locks of a store.
func New(st *store.Store, sessions *session.Keeper, limits Limits) *Locks {
	return &Locks{store: st, sessions: sessions, limits: limits}
}

// Lock takes the lock or waits in line for it. A refusal is an answer; the errors are session.ErrExpired,
// ErrWaitCancelled, ErrOwnershipLost, session.ErrTooManyTickets, a *keys.DamagedError, store.ErrUnavailable,
// store.ErrFull, and ctx's own.
func (l *Locks) Lock(ctx context.Context, r LockRequest) (LockAnswer, error) {
	c := NewLockCall(l.store.Space, r, l.limit(r.Name), l.store.NextCall(), time.Now())
	if err := l.sessions.Run(ctx, c, r.Caller.Session, r.Timeout); err != nil {
		return LockAnswer{}, fmt.Errorf("locking %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Unlock gives one hold back. The errors are session.ErrExpired, ErrNotHolder, ErrOwnershipLost,
// store.ErrUnavailable, store.ErrFull, and ctx's own.
func (l *Locks) Unlock(ctx context.Context, r UnlockRequest) (UnlockAnswer, error) {
	c := NewUnlockCall(l.store.Space, r, time.Now())
	if err := l.sessions.Run(ctx, c, r.Caller.Session, nil); err != nil {
		return UnlockAnswer{}, fmt.Errorf("unlocking %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Cancel ends what a LockRequest began, and reports whether there was anything: its wait is over, and a hold that
// it got is given back. The errors are session.ErrExpired, store.ErrUnavailable, store.ErrFull, and ctx's own.
func (l *Locks) Cancel(ctx context.Context, r CancelRequest) (bool, error) {
	c := NewCancelCall(l.store.Space, r, time.Now())
	if err := l.sessions.Run(ctx, c, r.Caller.Session, nil); err != nil {
		return false, fmt.Errorf("cancelling the wait for %q: %w", r.Name, err)
	}
	return c.cancelled, nil
}

// ForceUnlock frees the lock whatever its hold count, if fence is 0 or the holder's, and returns whose hold that
// was; nil when nothing was released. The errors are store.ErrUnavailable, store.ErrFull, and ctx's own.
func (l *Locks) ForceUnlock(ctx context.Context, n keys.Name, fence Fence) (*Ticket, error) {
	c := NewForceCall(l.store.Space, n, fence, time.Now())
	if err := l.sessions.Run(ctx, c, 0, nil); err != nil {
		return nil, fmt.Errorf("forcing %q: %w", n, err)
	}
	return c.answer, nil
}

// Position returns where a caller waits as far as this gateway has seen, without a barrier: 1 is next to hold, 0 when it does
// not wait. It can have changed only when there is news of what is directly below Line.
func (l *Locks) Position(n keys.Name, c Caller) (position int) {
	l.store.Look(func(v mirror.View) {
		if i := v.Get(v.Space().LockTicket(n, int64(c.Session), c.Owner)); i != nil {
			position = v.Line(l.Line(n)).Index(i)
		}
	})
	return position
}

// Line returns what every ticket of the lock starts with.
func (l *Locks) Line(n keys.Name) string { return l.store.Space.LockLine(n) }

func (l *Locks) limit(n keys.Name) int {
	if most := int(l.limits.For(string(n))); most > 0 {
		return min(most, MaxHolds)
	}
	return MaxHolds
}
