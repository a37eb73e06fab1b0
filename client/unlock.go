package client

import (
	"context"
	"fmt"
)

// Unlock gives one hold back, the last one taken through this handle. From then on the handle does not have it,
// whatever the answer: when ctx ends first (it may have ended before), the client goes on in the background until a
// server confirmed or the session is over.
//
// Errors: ErrNotHolder when the handle holds nothing; ErrOwnershipLost when the hold was lost before; the cause of
// ctx.
func (l *Lock) Unlock(ctx context.Context) error {
	h := l.pop()
	if h == nil {
		return fmt.Errorf("unlocking %q: %w", l.name, ErrNotHolder)
	}
	return h.release(ctx)
}

// pop takes one time off the handle's hold before anything is sent, so that of two Unlocks for one hold only one
// is.
func (l *Lock) pop() *hold {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held
	if h == nil {
		return nil
	}
	if h.times--; h.times == 0 {
		l.held = nil
		h.stake.leave()
	}
	return h
}
