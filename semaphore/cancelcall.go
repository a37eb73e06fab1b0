package semaphore

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
	removes   bool // the transaction under way takes something away
	cancelled bool
}

// NewCancelCall returns the call that answers r.
func NewCancelCall(space keys.Space, r CancelRequest, shelf Shelf, now time.Time) *CancelCall {
	return &CancelCall{call: call{
		space: space, name: r.Name, caller: r.Caller, request: r.RequestID, shelf: shelf, now: now.UTC(),
	}}
}

// Answer reports, of a call that is done, whether there was anything to cancel.
func (c *CancelCall) Answer() (bool, error) { return c.cancelled, c.Err() }

// Keys implements store.Call.
func (c *CancelCall) Keys() []string { return c.keys() }

// Next implements store.Call.
func (c *CancelCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := c.look(v)
	if !c.alive(s) {
		return c.Refuse(session.ErrExpired)
	}
	m := remembered{}
	if s.memo != nil {
		m = recalled(s.memo)
	}
	switch {
	case c.caller.Session == 0 && m.Answer == acquired:
		c.removes = true
		return c.SendInTurn(c.record(), c.giveBack(s, m, c.rewrite(remembered{Answer: cancelled})))
	case s.memo != nil:
		c.cancelled = c.removes && c.Doubtful() // the request is over, maybe by this very call
		return c.End()
	case s.item == nil && s.wrongKind():
		return c.Refuse(s.kindError())
	}
	return c.end(s)
}

// end ends the request, whether it waits, holds, or is yet to come.
func (c *CancelCall) end(s scene) kv.Step {
	t := kv.Txn{If: append(c.live(s), c.notOver())}
	switch c.removes = s.ours; {
	case c.removes:
		t.If = append(t.If, kv.Unchanged(s.item))
		t.Then = append(t.Then, kv.Delete(s.item.Key))
	case s.item != nil:
		t.If = append(t.If, kv.Unchanged(s.item))
	default:
		t.If = append(t.If, kv.Absent(c.ticket()))
	}
	t.Then = append(t.Then, memo.Spare(c.keep(s, c.note(remembered{Answer: cancelled})))...)
	return c.Send(t)
}

// Committed implements store.Call.
func (c *CancelCall) Committed(r kv.Result) {
	c.told(r)
	if r.Succeeded {
		c.cancelled = c.removes
		c.End()
	}
}
