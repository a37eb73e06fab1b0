package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// session is one session as this process may trust it: alive until its deadline, less a margin, and never again
// after that. Its ctx ends when it is lost, and context.Cause(ctx) says how.
type session struct {
	c        *Client
	id       string
	ttl      time.Duration
	interval time.Duration
	ctx      context.Context
	end      context.CancelCauseFunc
	late     context.Context // ends when nothing has to be made good in it any more
	places   int             // holds and waits it has; guarded by the client's mutex, of no meaning in a stand-in

	mu    sync.Mutex
	until deadline
	timer *time.Timer

	stakes map[*stake]struct{} // guarded by mu
	owners []string            // that are nobody's; guarded by mu
}

// newSession takes over a session as the server opened it, by a request sent at that time, for one hold or wait.
func newSession(c *Client, sent time.Time, r *cpgatev1.OpenSessionResponse) *session {
	ttl := time.Duration(r.GetTtlSeconds()) * time.Second
	s := &session{
		c:        c,
		id:       r.GetSessionId(),
		ttl:      ttl,
		interval: interval(time.Duration(r.GetHeartbeatIntervalSeconds())*time.Second, ttl),
		places:   1,
		stakes:   map[*stake]struct{}{},
	}
	s.ctx, s.end = context.WithCancelCause(c.ctx)
	s.late = s.ctx
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = s.until.extended(sent, r.GetValidFor().AsDuration())
	s.timer = time.AfterFunc(s.left(time.Now()), s.watch)
	context.AfterFunc(s.ctx, func() {
		s.timer.Stop()
		s.loseAll()
	})
	return s
}

// renew notes an answer to a request sent at that time. A server that knows nothing leaves validFor out. It comes
// too late once the deadline has passed, whether or not anyone has been told yet.
func (s *session) renew(sent time.Time, validFor *durationpb.Duration) {
	if validFor == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left(time.Now()) > 0 {
		s.until = s.until.extended(sent, validFor.AsDuration())
	}
}

// left is how long s may still be trusted; the caller has s.mu.
func (s *session) left(now time.Time) time.Duration { return s.until.left(now) - margin(s.ttl) }

// check gives nil while s may be trusted, else why not. It looks at the clock itself: in a process that was
// stopped for a while the timer may not have run yet.
func (s *session) check() error {
	s.mu.Lock()
	left := s.left(time.Now())
	s.mu.Unlock()
	if left <= 0 {
		s.lose(fmt.Errorf("no answer renewed it in time: %w", ErrSessionExpired))
	}
	return context.Cause(s.ctx)
}

// watch runs when the deadline known at its last run is reached, and sleeps on if it has moved.
func (s *session) watch() {
	if s.check() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Reset(s.left(time.Now()))
}

// lose ends s for good: every holder is told, and no later answer brings it back.
func (s *session) lose(cause error) { s.end(cause) }

// bind gives ctx, ended also when other ends, with other's cause.
func bind(ctx, other context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(other, func() { cancel(context.Cause(other)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// within makes one call that belongs to s: it ends also when s is lost.
func within[R any](ctx context.Context, s *session, limit time.Duration, f func(context.Context, attempt) (R, error)) (R, error) {
	ctx, free := bind(ctx, s.ctx)
	defer free()
	return askIn(ctx, s, limit, f)
}

// insist is within for what has to be made good: it goes on when ctx has ended. It is answered at once, so an endpoint that
// is silent is not waited for until a heartbeat finds it out.
func insist[R any](ctx context.Context, s *session, f func(context.Context, attempt) (R, error)) (R, error) {
	ctx, free := bind(context.WithoutCancel(ctx), s.late)
	defer free()
	return askIn(ctx, s, shortCall, f)
}

// askIn makes one call in s, which is lost when the server says so.
func askIn[R any](ctx context.Context, s *session, limit time.Duration, f func(context.Context, attempt) (R, error)) (R, error) {
	r, err := ask(ctx, s.c.endpoints, limit, f)
	if errors.Is(err, ErrSessionExpired) {
		s.lose(err)
	}
	return r, err
}
