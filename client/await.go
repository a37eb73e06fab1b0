package client

import (
	"context"
	"fmt"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Await waits until nothing remains of the round that is on, or ctx ends. Nothing remains of a latch that was never set.
// Where a connection breaks meanwhile it asks again, and waits for the round that is on then: a round that both ended
// and was followed by the next in that time is missed.
//
// Errors: ErrDestroyed, ErrInvalidName, ErrDamaged, ErrClosed, the cause of ctx.
func (l *Latch) Await(ctx context.Context) error {
	done, err := l.await(ctx, wait{})
	if err == nil && !done {
		err = ErrUnavailable // not completed without a timeout: no server of this protocol says so
	}
	if err != nil {
		return fmt.Errorf("awaiting %q: %w", l.name, err)
	}
	return nil
}

// TryAwait is Await with a limit to the wait; 0 or less means not to wait at all. The answer is false when something
// still remained at its end. When no endpoint answers, TryAwait ends with ErrUnavailable a few seconds after the timeout.
func (l *Latch) TryAwait(ctx context.Context, timeout time.Duration) (bool, error) {
	done, err := l.await(ctx, upTo(timeout))
	if err != nil {
		return false, fmt.Errorf("awaiting %q: %w", l.name, err)
	}
	return done, nil
}

func (l *Latch) await(ctx context.Context, w wait) (bool, error) {
	if err := validName(l.name); err != nil {
		return false, err
	}
	ctx, cancel := w.bound(ctx)
	defer cancel()
	r, err := within(ctx, l.c.none, 0, func(ctx context.Context, a attempt) (*cpgatev1.AwaitResponse, error) {
		return l.on(a).Await(ctx, &cpgatev1.AwaitRequest{Name: l.name, Timeout: w.timeout(a.sent)})
	})
	return r.GetCompleted(), err
}
