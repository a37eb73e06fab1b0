package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/cpgate/cpgate/client"
)

// name is that of the semaphore, and of the lock for filling it up.
const name = "api-rate-limit"

// limiter has a permit for each request until the end of the interval.
type limiter struct {
	permits  *client.Semaphore
	filling  *client.Lock
	limit    int
	interval time.Duration
}

func newLimiter(ctx context.Context, c *client.Client, limit int, interval time.Duration) (*limiter, error) {
	l := &limiter{c.Semaphore(name, client.Sessionless()), c.Lock(name), limit, interval}
	_, err := l.permits.Init(ctx, limit) // every program may: only the first counts
	return l, err
}

// limited has next serve whoever gets a permit, and answers 429 to who does not. The permit is used up by that: it is
// not given back.
func (l *limiter) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, ok, err := l.permits.TryAcquire(r.Context(), 1, 0); {
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		case !ok:
			w.Header().Set("Retry-After", strconv.Itoa(int(max(l.interval, time.Second).Seconds())))
			http.Error(w, "rate limit exceeded", http.StatusTooManyRequests)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// keepFull fills the permits up until ctx ends or the client is closed. Of all programs only the holder of the lock
// does: two would fill up twice as often. When it crashes the next one goes on.
func (l *limiter) keepFull(ctx context.Context) {
	for {
		err := l.filling.Do(ctx, l.fillEveryInterval)
		if ctx.Err() != nil || errors.Is(err, client.ErrClosed) {
			return
		}
		slog.Warn("filling up goes on in a second", "err", err)
		time.Sleep(time.Second)
	}
}

func (l *limiter) fillEveryInterval(ctx context.Context, _ client.Fence) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(l.interval):
		}
		if err := l.fill(ctx); err != nil {
			return err
		}
	}
}

// fill releases as many permits as are lacking. Who acquires in between only makes them fewer: there are never more than
// the limit.
func (l *limiter) fill(ctx context.Context) error {
	available, err := l.permits.Available(ctx)
	if err != nil {
		return err
	}
	return l.permits.Release(ctx, max(l.limit-available, 0))
}
