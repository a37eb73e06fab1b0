package client

import (
	"context"
	"fmt"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// open opens a session, with one place taken, and keeps it alive. An opening that was left without an answer is
// taken up again under its request id, so that it leaves no second session behind.
func (c *Client) open(ctx context.Context) (*session, error) {
	if c.openID == "" {
		c.openID = newID()
	}
	s, err := ask(ctx, c.endpoints, shortCall, c.openOnce)
	if err != nil {
		return nil, fmt.Errorf("opening session: %w", err)
	}
	c.openID = ""
	c.mu.Lock()
	c.sessions = append(c.sessions, s)
	c.mu.Unlock()
	c.cfg.Logger.Debug("session opened", "session", s.id, "ttl", s.ttl)
	c.spawn(func() { c.keep(s) })
	return s, nil
}

func (c *Client) openOnce(ctx context.Context, a attempt) (*session, error) {
	r, err := cpgatev1.NewSessionServiceClient(a.conn).OpenSession(ctx, &cpgatev1.OpenSessionRequest{
		TtlSeconds: int32(min(c.cfg.SessionTTL/time.Second, 1<<31-1)),
		Name:       c.cfg.Name,
		RequestId:  c.openID,
	})
	if err != nil {
		return nil, err
	}
	return newSession(c, a.sent, r), nil
}
