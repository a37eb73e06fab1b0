package fencedlock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// Locks serves the calls to all locks through one gateway.
type Locks struct {
	store    *store.Store
	sessions *session.Keeper
	limits   Limits
	gateway  string
	calls    atomic.Uint64
}

// New returns the locks of a store. gateway is the id that this gateway's marker goes by.
func New(st *store.Store, sessions *session.Keeper, limits Limits, gateway string) *Locks {
	return &Locks{store: st, sessions: sessions, limits: limits, gateway: gateway}
}

// Lock takes the lock or waits in line for it. A refusal is an answer; the errors are session.ErrExpired,
// ErrWaitCancelled, ErrOwnershipLost, ErrTooManyTickets, a *DamagedError, store.ErrUnavailable, and ctx's own.
func (l *Locks) Lock(ctx context.Context, r LockRequest) (LockAnswer, error) {
	c := NewLockCall(l.store.Space, r, l.limit(r.Name), l.nextCall(), time.Now())
	if err := l.run(ctx, c, &c.call, r.Timeout); err != nil {
		return LockAnswer{}, fmt.Errorf("locking %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Unlock gives one hold back. The errors are session.ErrExpired, ErrNotHolder, ErrOwnershipLost,
// store.ErrUnavailable, and ctx's own.
func (l *Locks) Unlock(ctx context.Context, r UnlockRequest) (UnlockAnswer, error) {
	c := NewUnlockCall(l.store.Space, r, time.Now())
	if err := l.run(ctx, c, &c.call, nil); err != nil {
		return UnlockAnswer{}, fmt.Errorf("unlocking %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Cancel ends what a LockRequest began, and reports whether there was anything: its wait is over, and a hold that
// it got is given back. The errors are session.ErrExpired, store.ErrUnavailable, and ctx's own.
func (l *Locks) Cancel(ctx context.Context, r CancelRequest) (bool, error) {
	c := NewCancelCall(l.store.Space, r, time.Now())
	if err := l.run(ctx, c, &c.call, nil); err != nil {
		return false, fmt.Errorf("cancelling the wait for %q: %w", r.Name, err)
	}
	return c.cancelled, nil
}

// ForceUnlock frees the lock whatever its hold count, if fence is 0 or the holder's, and returns whose hold that
// was; nil when nothing was released. The errors are store.ErrUnavailable, and ctx's own.
func (l *Locks) ForceUnlock(ctx context.Context, n keys.Name, fence Fence) (*Ticket, error) {
	c := NewForceCall(l.store.Space, n, fence, time.Now())
	if err := l.run(ctx, c, &c.call, nil); err != nil {
		return nil, fmt.Errorf("forcing %q: %w", n, err)
	}
	return c.answer, nil
}

// run carries a call to its end. A session found gone whose marker lies there damaged is mended on the way.
func (l *Locks) run(ctx context.Context, c store.Call, in *call, timeout *time.Duration) error {
	err := l.store.Run(ctx, c, timeout)
	if err != nil {
		return err
	}
	if errors.Is(in.err, session.ErrExpired) {
		l.sessions.Mend(ctx, in.caller.Session)
	}
	return in.err
}

func (l *Locks) limit(n keys.Name) int {
	if most := int(l.limits.For(string(n))); most > 0 {
		return min(most, MaxHolds)
	}
	return MaxHolds
}

// nextCall names a call in the tickets it touches: after the gateway, so that the tickets of one that died can be
// told.
func (l *Locks) nextCall() string {
	return l.gateway + "." + strconv.FormatUint(l.calls.Add(1), 36)
}
