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
	record    *kv.Item // that the transaction under way deletes
	over      bool     // the latch is gone
	destroyed bool     // by this call
}

// NewDestroyCall returns the call that destroys a latch.
func NewDestroyCall(space keys.Space, n keys.Name) *DestroyCall {
	return &DestroyCall{call: newCall(space, n)}
}

// Answer reports, of a call that is done, whether there was a latch to destroy.
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
	case c.Doubtful() && (s.record == nil || s.record.Create != c.record.Create):
		c.over, c.destroyed = true, true // by a transaction of this call whose outcome got lost, or as good
		return c.clear(s)
	case s.record == nil:
		c.over = true
		return c.clear(s)
	}
	c.record = s.record
	return c.Send(kv.Txn{If: []kv.Compare{kv.Unchanged(s.record)}, Then: []kv.Op{kv.Delete(s.record.Key)}})
}

// Committed implements store.Call.
func (c *DestroyCall) Committed(r kv.Result) {
	c.Told(r)
	if r.Succeeded && !c.over {
		c.over, c.destroyed = true, true
	}
}
