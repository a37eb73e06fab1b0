package countdownlatch

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// DestroyCall removes a latch, also one whose record can't be read: first the record, by which the latch is gone, then
// the arrivals.
type DestroyCall struct {
	call
	tried     kv.Revision // when the record came that is to be deleted, the first one seen; 0 for none
	over      bool        // the latch is gone
	destroyed bool        // by this call
}

// NewDestroyCall returns the call that destroys a latch.
func NewDestroyCall(space keys.Space, n keys.Name) *DestroyCall {
	return &DestroyCall{call: newCall(space, n)}
}

// Answer reports, of a call that is done, whether it destroyed the latch.
func (c *DestroyCall) Answer() (bool, error) { return c.destroyed, c.Err() }

// Next implements store.Call.
func (c *DestroyCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := look(v, c.name)
	switch {
	case c.over:
		return c.clear(s)
	case !c.Fresh():
		return kv.Barrier // so that what is seen was there during the call
	case c.tried != 0 && (s.record == nil || s.record.Create != c.tried):
		// By others, unless it may be by a transaction of this call whose outcome got lost. A newer one stays.
		c.over, c.destroyed = true, c.Doubtful()
		return c.clear(s)
	case s.record == nil:
		c.over = true
		return c.clear(s)
	}
	c.tried = s.record.Create
	return c.Send(kv.Txn{If: []kv.Compare{kv.Unchanged(s.record)}, Then: []kv.Op{kv.Delete(s.record.Key)}})
}

// Committed implements store.Call.
func (c *DestroyCall) Committed(r kv.Result) {
	c.Told(r)
	if r.Succeeded && !c.over {
		c.over, c.destroyed = true, true
	}
}
