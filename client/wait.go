package client

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
)

// tryGrace is how long after its timeout a try that got no answer still asks.
const tryGrace = 5 * time.Second

// wait is how long a call waits for what it asks for. Its zero value is without limit.
type wait struct{ until time.Time }

// upTo waits for that long, counted from now; 0 or less is not at all.
func upTo(timeout time.Duration) wait { return wait{time.Now().Add(max(timeout, 0))} }

func (w wait) limited() bool { return !w.until.IsZero() }

// timeout is what a server is asked for at that time; nil for no limit.
func (w wait) timeout(now time.Time) *durationpb.Duration {
	if !w.limited() {
		return nil
	}
	return durationpb.New(max(w.until.Sub(now), 0))
}

// bound gives ctx for the whole call. A try that no server answers ends with ErrUnavailable, a while after its timeout:
// a ctx that ends is no refusal but an error, and never turned into the timeout that the server sees.
func (w wait) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if !w.limited() {
		return ctx, func() {}
	}
	return context.WithDeadlineCause(ctx, w.until.Add(tryGrace), ErrUnavailable)
}
