package client

import (
	"context"
	"errors"
)

// request is one request for a lock or for permits, the same in all its attempts.
type request interface {
	// attempt asks for it, and reports whether it got it.
	attempt(ctx context.Context, a attempt) (bool, error)
	// cancel ends its wait, and gives back what it got.
	cancel(ctx context.Context) error
	// over is called once, when nothing of it is under way any more.
	over()
	// String says what it is for.
	String() string
}

// claim makes a request in s, in a place taken there, and asks until there is an answer. Whatever comes, nothing is left
// that nobody knows of: where it does not report that it got it, the place is given back, and a request without an
// answer is cancelled.
func claim(ctx context.Context, s *session, q request) (got bool, err error) {
	if !s.c.begin() {
		s.exit()
		q.over()
		return false, ErrClosed
	}
	defer s.c.running.Done()
	got, err = within(ctx, s, 0, q.attempt)
	if got {
		err = s.check() // the answer may have lain here while the process was stopped
	}
	switch {
	case got && err == nil:
		q.over()
		return true, nil
	case err == nil, said(err):
		s.exit()
		q.over()
	default:
		s.c.running.Go(func() { abandon(ctx, s, q) })
	}
	return false, err
}

// abandon cancels q in the background. It asks for as long as the session lives, for otherwise a heartbeat could keep a
// hold alive that nobody knows of.
func abandon(ctx context.Context, s *session, q request) {
	defer q.over()
	defer s.exit()
	err := q.cancel(ctx)
	if err != nil && !errors.Is(err, ErrSessionExpired) && !errors.Is(err, ErrClosed) {
		s.c.cfg.Logger.Warn("abandoned request not cancelled", "request", q.String(), "session", s.id, "err", err)
	}
}
