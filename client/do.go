package client

import (
	"context"
	"fmt"
)

// Do locks as Lock does, runs f, and unlocks, whatever becomes of f. The context of f ends before the lock can be
// anyone else's because of a lost session, with a cause that is ErrOwnershipLost; f has to return then. It ends
// also when ctx does, and when f has returned. Do returns f's error, joined with ErrOwnershipLost when the hold was
// lost while f ran, and with ErrUnavailable when no server confirmed within five seconds that it is unlocked: the client
// then goes on in the background.
//
// A resource that f writes to should be given the fence and refuse smaller ones than it has seen: a context can
// neither stop what is on its way already, nor tell of an operator who forces the lock.
func (l *Lock) Do(ctx context.Context, f func(ctx context.Context, fence Fence) error) error {
	h, a, err := l.take(ctx, wait{})
	if err == nil && h == nil {
		err = a.refusal()
	}
	if err != nil {
		return fmt.Errorf("locking %q: %w", l.name, err)
	}
	return during(ctx, h.session, func(ctx context.Context) error { return f(ctx, h.fence) }, h.release)
}
