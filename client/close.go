package client

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// farewell bounds how long closing a session is tried.
const farewell = 4 * time.Second

// Close ends every call with ErrClosed, and every Do's context with that cause, and then closes the session: all it
// held and waited for is free at once. It returns within a few seconds, with an error when no server confirmed the
// closing; the session then ends by its TTL. The client can't be used again; closing twice is no error.
//
// Permits of a Sessionless semaphore stay taken: release them before. Only what an unfinished call gets is given back.
func (c *Client) Close() error {
	c.closing.Do(func() { c.closeErr = c.shut() })
	return c.closeErr
}

func (c *Client) shut() error {
	defer c.endpoints.close()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end(ErrClosed)
	c.running.Wait()
	c.opening <- struct{}{} // for good: whoever is opening a session is done with it
	return c.dismissAll()
}

// dismissAll dismisses every session that was not lost before. Nothing opens another one any more.
func (c *Client) dismissAll() error {
	var all errgroup.Group
	for _, s := range c.sessions {
		all.Go(func() error { return c.dismiss(s) })
	}
	return all.Wait()
}

// dismiss tells the server that a session has ended here, so that its locks and places in line are free before
// its TTL is over. One that the server ended already is fine.
func (c *Client) dismiss(s *session) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), farewell, ErrUnavailable)
	defer cancel()
	_, err := ask(ctx, c.endpoints, shortCall, func(ctx context.Context, a attempt) (*cpgatev1.CloseSessionResponse, error) {
		return cpgatev1.NewSessionServiceClient(a.conn).CloseSession(ctx, &cpgatev1.CloseSessionRequest{SessionId: s.id})
	})
	if err != nil {
		return fmt.Errorf("closing session %s: %w", s.id, err)
	}
	return nil
}
