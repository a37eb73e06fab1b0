package fencedlock

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// CancelCall is one CancelRequest on its way. It leaves a memo, so that an attempt of the cancelled request that comes
// late does nothing; where etcd is full, only a ticket that it finds is deleted.
type CancelCall struct {
	call
	req       CancelRequest
	removes   bool // the transaction under way takes something away
	cancelled bool
}

// NewCancelCall returns the call that answers r.
func NewCancelCall(space keys.Space, r CancelRequest, now time.Time) *CancelCall {
	return &CancelCall{call: newCall(space, r.Name, r.Caller, now), req: r}
}

// Answer reports, of a call that is done, whether there was anything to cancel.
func (c *CancelCall) Answer() (bool, error) { return c.cancelled, c.Err() }

// Next implements store.Call.
func (c *CancelCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := c.look(v)
	if s.marker == nil {
		return c.Refuse(session.ErrExpired)
	}
	if s.memo(c.req.RequestID) != nil {
		c.cancelled = c.removes && c.Doubtful() // the request is over, maybe by this very call
		return c.End()
	}
	return c.end(s)
}

// end ends the request, whether it waits, holds, or is yet to come.
func (c *CancelCall) end(s scene) kv.Step {
	t := kv.Txn{If: []kv.Compare{kv.Unchanged(s.marker)}}
	_, n := s.value.find(c.req.RequestID)
	switch c.removes = s.ours && n > 0; {
	case c.removes:
		r := removal(s, n)
		t.If, t.Then = append(t.If, r.If...), r.Then
	case s.item != nil:
		t.If = append(t.If, kv.Unchanged(s.item))
	default:
		t.If = append(t.If, kv.Absent(c.spots.ticket))
	}
	t.Then = append(t.Then, memo.Spare(c.keep(s, c.note(s, c.req.RequestID, memoCancelled)))...)
	return c.Send(t)
}

// Committed implements store.Call.
func (c *CancelCall) Committed(r kv.Result) {
	c.Told(r)
	if r.Succeeded {
		c.cancelled = c.removes
		c.End()
	}
}
