package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// attempt is one try of a call on one endpoint.
type attempt struct {
	conn *grpc.ClientConn
	// n is 0 for the first, then 1, 2, ...
	n int32
	// sent is a moment before the request left.
	sent time.Time
}

// ask makes one call: it tries f on the current endpoint, and again on the next ones with pauses, until a server
// answers or ctx ends. It never gives up by itself; f has to repeat the same request id.
//
// Limit bounds each attempt, 0 for no limit; an endpoint that stays silent for so long has its connection
// replaced, which sends whatever else waits on it elsewhere.
func ask[R any](ctx context.Context, e *endpoints, limit time.Duration, f func(context.Context, attempt) (R, error)) (R, error) {
	for n := int32(0); ; n++ {
		r, l, err := try(ctx, e, limit, n, f)
		if err == nil {
			return r, nil
		}
		if !again(err) {
			return r, asError(err)
		}
		if ctx.Err() == nil {
			e.moveOn(l, err)
		}
		if !sleep(ctx, pause(n+1, len(e.all), rand.Float64(), advice(err))) {
			return r, ended(ctx, err)
		}
	}
}

// try is one attempt. The link it used is done, and only names the endpoint. A login that it needs is not within the limit.
func try[R any](ctx context.Context, e *endpoints, limit time.Duration, n int32, f func(context.Context, attempt) (R, error)) (r R, l link, err error) {
	l = e.use()
	err = e.login.show(ctx, l, func(ctx context.Context) error {
		r, err = send(ctx, e, l, limit, n, f)
		return err
	})
	e.done(l, !again(err))
	return r, l, err
}

// send sends the request once.
func send[R any](ctx context.Context, e *endpoints, l link, limit time.Duration, n int32, f func(context.Context, attempt) (R, error)) (R, error) {
	inner, cancel := ctx, context.CancelFunc(func() {})
	if limit > 0 {
		inner, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	sent := time.Now()
	r, err := f(inner, attempt{conn: l.conn, n: n, sent: sent})
	if again(err) && inner.Err() != nil && ctx.Err() == nil {
		e.drop(l, sent)
	}
	return r, err
}

// again reports whether an attempt that ended with err may be answered elsewhere: the server could not do it,
// or the connection went away under it.
func again(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		return true
	}
	return false
}

// ended says why a call that still wanted to try ended: the cause of ctx first, then what the last attempt met,
// unless that was nothing but the end of ctx.
func ended(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	if status.Code(last) != codes.Unavailable {
		return cause
	}
	return fmt.Errorf("%w; last answer: %w", cause, asError(last))
}

// advice is how long the server asks to wait before the next attempt; 0 when it does not say.
func advice(err error) time.Duration {
	var info *errdetails.RetryInfo
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			info = r
		}
	}
	return info.GetRetryDelay().AsDuration()
}

// sleep waits for d and reports false when ctx ended before or meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}
