package client

import (
	"context"
	"fmt"
)

// Do locks as Lock does, runs f, and unlocks, whatever becomes of f. The context of f ends before the lock can be
// anyone else's because of a lost session, and as soon as a server says that an operator forced the lock, with a cause
// that is ErrOwnershipLost; f has to return then. It ends also when ctx does, and when f has returned. Do returns f's
// error, joined with ErrOwnershipLost when the hold was lost while f ran, and with ErrUnavailable when no server confirmed
// within five seconds that it is unlocked: the client then goes on in the background.
//
// A resource that f writes to should be given the fence and refuse smaller ones than it has seen: a context can't stop what
// is on its way already, and of a lock that is forced it tells when another may hold it, or, cut off from the servers, not
// at all.
func (l *Lock) Do(ctx context.Context, f func(ctx context.Context, fence Fence) error) error {
	h, a, err := l.take(ctx, wait{})
	if err == nil && h == nil {
		err = a.refusal()
	}
	if err != nil {
		return fmt.Errorf("locking %q: %w", l.name, err)
	}
	defer h.stake.leave()
	return during(ctx, h.stake, func(ctx context.Context) error { return f(ctx, h.fence) }, h.release)
}
