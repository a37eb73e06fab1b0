package client

import (
	"context"
	"errors"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// keep renews s until it is lost, and then sees to it that the server lets go of it too.
func (c *Client) keep(s *session) {
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	for s.check() == nil {
		select {
		case <-s.ctx.Done():
		case <-tick.C:
			c.probe(s)
			c.beat(s)
		}
	}
	if cause := context.Cause(s.ctx); !errors.Is(cause, ErrClosed) {
		c.cfg.Logger.Warn("session lost", "session", s.id, "cause", cause)
		c.forget(s)
		sleep(c.ctx, margin(s.ttl)) // holders were told to stop only now
		_ = c.dismiss(s)            // not answered: the server ends the session by its TTL
	}
}

// beat renews s on the endpoint that answers first, and tries until then.
func (c *Client) beat(s *session) {
	_, err := within(s.ctx, s, silence(s), s.heartbeat)
	switch {
	case err == nil, s.ctx.Err() != nil:
	case errors.Is(err, ErrPermissionDenied):
		s.lose(err) // it was opened before there was access control, so it serves root alone
	default:
		c.cfg.Logger.Debug("heartbeat refused", "session", s.id, "err", err)
	}
}

// probe renews s also on the endpoints that calls went away from but others still wait on: nothing else would
// show that one of these is silent, for a waiting call expects no answer.
func (c *Client) probe(s *session) {
	for _, l := range c.endpoints.others() {
		c.spawn(func() {
			ctx, cancel := context.WithTimeout(c.endpoints.login.known(l.to).on(s.ctx), silence(s))
			defer cancel()
			a := attempt{conn: l.conn, sent: time.Now()}
			if _, err := s.heartbeat(ctx, a); err != nil && ctx.Err() != nil && s.ctx.Err() == nil {
				c.endpoints.drop(l, a.sent)
			}
		})
	}
}

// silence is how long an endpoint may take for a heartbeat before it is passed over.
func silence(s *session) time.Duration { return min(max(s.interval, time.Second), shortCall) }

func (s *session) heartbeat(ctx context.Context, a attempt) (*cpgatev1.HeartbeatResponse, error) {
	r, err := cpgatev1.NewSessionServiceClient(a.conn).Heartbeat(ctx, &cpgatev1.HeartbeatRequest{SessionId: s.id})
	s.renew(a.sent, r.GetValidFor())
	return r, err
}
