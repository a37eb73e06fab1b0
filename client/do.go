package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// doRelease is how long Do waits for its unlock to be confirmed.
const doRelease = 5 * time.Second

// Do locks as Lock does, runs f, and unlocks, whatever becomes of f. The context of f ends before the lock can be
// anyone else's because of a lost session, with a cause that is ErrOwnershipLost; f has to return then. It ends
// also when ctx does, and when f has returned. Do returns f's error, joined with ErrOwnershipLost when the hold was
// lost while f ran.
//
// A resource that f writes to should be given the fence and refuse smaller ones than it has seen: a context can
// neither stop what is on its way already, nor tell of an operator who forces the lock.
func (l *Lock) Do(ctx context.Context, f func(ctx context.Context, fence Fence) error) (err error) {
	h, a, err := l.take(ctx, nil)
	if err == nil && h == nil {
		err = a.refusal()
	}
	if err != nil {
		return fmt.Errorf("locking %q: %w", l.name, err)
	}
	inner, cancel := h.context(ctx)
	defer func() {
		cancel() // before the unlock: what f left running must not go on without the lock
		if e := h.give(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("unlocking %q: %w", l.name, e))
		}
	}()
	return f(inner, h.fence)
}

// give releases h at the end of a Do, also after ctx has ended.
func (h *hold) give(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), doRelease, ErrUnavailable)
	defer cancel()
	return h.release(ctx)
}
