package client

import (
	"context"
	"fmt"
	"slices"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// room is how many holds and waits the client puts into one session before it opens another one. A server allows
// 1,000; the rest is for owners, who have to stay in the first session.
const room = 900

// enter gives a session that may be trusted, with a place in it for one hold or wait that exit gives back. It opens
// a session when there is none with room. An owner gets the first session whatever its room: one caller is a
// session and an owner, so all its handles have to be in the same one.
func (c *Client) enter(ctx context.Context, owner bool) (*session, error) {
	if s := c.withRoom(owner); s != nil {
		return s, nil
	}
	ctx, free := bind(ctx, c.ctx)
	defer free()
	select {
	case c.opening <- struct{}{}:
		defer func() { <-c.opening }()
	case <-ctx.Done():
		return nil, fmt.Errorf("opening session: %w", context.Cause(ctx))
	}
	if s := c.withRoom(owner); s != nil {
		return s, nil
	}
	if c.ctx.Err() != nil {
		return nil, ErrClosed // looked at after the sessions: Close ends them, and must find these very ones to close
	}
	return c.open(ctx)
}

// exit gives back a place that enter gave.
func (s *session) exit() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.places--
}

// forget takes a lost session out; what holds places in it gives them back to nobody.
func (c *Client) forget(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = slices.DeleteFunc(c.sessions, func(o *session) bool { return o == s })
}

// withRoom takes a place in the first session that will do; nil for none.
func (c *Client) withRoom(owner bool) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sessions {
		if s.check() == nil && (owner || s.places < room) {
			s.places++
			return s
		}
	}
	return nil
}

// ended loses the session of which a server says that it has ended, before a heartbeat finds out.
func (c *Client) ended(id string) {
	if s := c.trusted(id); s != nil {
		s.lose(fmt.Errorf("it was ended by others, or expired: %w", ErrSessionExpired))
	}
}

// lost loses what a server says that a session has lost, before it is given back.
func (c *Client) lost(l *cpgatev1.HoldLost) {
	if s := c.trusted(l.GetSessionId()); s != nil {
		s.loseOne(l)
	}
}

// trusted gives the session with that id; nil when it is none of those not known to be lost.
func (c *Client) trusted(id string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := slices.IndexFunc(c.sessions, func(s *session) bool { return s.id == id }); n >= 0 {
		return c.sessions[n]
	}
	return nil
}
