package client

import (
	"context"
	"fmt"
	"time"
)

// never is a deadline that does not pass.
var never = deadline{time.Unix(1<<40, 0)}

// newNone gives what stands in for a session where a call needs none: it has no id, is never lost, ends with the
// client, and has room for any number.
//
// Closing a session frees what was asked for in it. Here only an answer can: so what has to be made good goes on for a
// farewell after the client was closed.
func newNone(c *Client) *session {
	s := &session{c: c, ctx: c.ctx, end: func(error) {}, until: never}
	var end context.CancelCauseFunc
	s.late, end = context.WithCancelCause(context.Background())
	context.AfterFunc(c.ctx, func() { time.AfterFunc(farewell, func() { end(ErrClosed) }) })
	return s
}

// brief makes one call about something of that name which needs no session and is answered at once. Doing begins what an
// error says.
func brief[R any](ctx context.Context, c *Client, doing, name string, f func(context.Context, attempt) (R, error)) (r R, err error) {
	if err = validName(name); err == nil {
		r, err = within(ctx, c.none, shortCall, f)
	}
	if err != nil {
		return r, fmt.Errorf("%s %q: %w", doing, name, err)
	}
	return r, nil
}

// real reports whether s is more than a stand-in.
func (s *session) real() bool { return s.id != "" }
