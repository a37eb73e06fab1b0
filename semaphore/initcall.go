package semaphore

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

// InitCall is one InitRequest on its way.
type InitCall struct {
	call
	req    InitRequest
	first  bool // what is answered if the transaction under way succeeds
	answer bool
}

// NewInitCall returns the call that answers r.
func NewInitCall(space keys.Space, r InitRequest, shelf Shelf, now time.Time) *InitCall {
	return &InitCall{req: r, call: call{
		space: space, name: r.Name, request: r.RequestID, shelf: shelf, now: now.UTC(),
	}}
}

// Answer reports, of a call that is done, whether it initialized the semaphore.
func (c *InitCall) Answer() (bool, error) { return c.answer, c.Err() }

// Keys implements store.Call.
func (c *InitCall) Keys() []string { return []string{c.record(), c.memo()} }

// Next implements store.Call.
func (c *InitCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := c.look(v)
	switch {
	case s.memo != nil:
		return c.end(recalled(s.memo).Answer == initialized) // and destroyed since
	case s.damaged:
		return c.Refuse(&keys.DamagedError{Key: s.record.Key})
	case s.record != nil && s.value.Request == c.request:
		return c.end(true)
	case s.record != nil:
		return c.late(s)
	}
	c.first = true
	v1 := value.Semaphore{Permits: int64(c.req.Permits), Sessionless: c.req.Sessionless, Request: c.request}
	return c.Send(kv.Txn{If: []kv.Compare{kv.Absent(c.record()), c.notOver()}, Then: []kv.Op{c.putRecord(v1)}})
}

// late answers that others were first, and remembers it: an attempt of the same request that comes behind a destroy must
// not initialize the semaphore unknown to all.
func (c *InitCall) late(s scene) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	c.first = false
	return c.Send(kv.Txn{
		If:   []kv.Compare{kv.Unchanged(s.record), c.notOver()},
		Then: c.keep(s, c.note(remembered{Answer: notInitialized})),
	})
}

func (c *InitCall) end(first bool) kv.Step {
	c.answer = first
	return c.End()
}

// Committed implements store.Call.
func (c *InitCall) Committed(r kv.Result) {
	c.told(r)
	if r.Succeeded {
		c.end(c.first)
	}
}
