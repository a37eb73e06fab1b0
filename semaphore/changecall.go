package semaphore

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

// ChangeCall is one ChangeRequest on its way, to either kind of semaphore.
type ChangeCall struct {
	call
	by    int64
	tries int
	done  bool // if the transaction under way succeeds
}

// NewChangeCall returns the call that answers r.
func NewChangeCall(space keys.Space, r ChangeRequest, shelf Shelf, now time.Time) *ChangeCall {
	return &ChangeCall{by: r.By, call: call{
		space: space, name: r.Name, request: r.RequestID, attempt: r.Attempt, shelf: shelf, now: now.UTC(),
	}}
}

// Keys implements store.Call.
func (c *ChangeCall) Keys() []string { return []string{c.record(), c.memo()} }

// Next implements store.Call.
func (c *ChangeCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	c.done = false
	s := c.look(v)
	switch {
	case s.memo != nil:
		return c.Fail(again(recalled(s.memo)))
	case s.damaged:
		return c.Refuse(&keys.DamagedError{Key: s.record.Key})
	case s.record == nil:
		return c.no(s, ErrNotInitialized)
	}
	return c.change(s)
}

// Committed implements store.Call.
func (c *ChangeCall) Committed(r kv.Result) {
	c.told(r)
	switch {
	case !r.Succeeded:
		c.tries++
	case c.done:
		c.End()
	}
}

func (c *ChangeCall) change(s scene) kv.Step {
	if step, ok := c.rest(s); ok {
		return step
	}
	v := s.value
	v.Permits, v.Pause = v.Permits+c.by, ""
	if v.Permits > int64(MaxPermits) || min(v.Permits, s.available()+c.by) < int64(MinPermits) {
		if step, ok := c.resumed(s); ok {
			return step
		}
		return c.no(s, ErrOutOfRange)
	}
	if c.by >= 0 || v.Sessionless {
		return c.write(s, v, kv.Unchanged(s.record))
	}
	if step, ok := c.quiet(s, c.tries); ok {
		return step
	}
	return c.write(s, through(s, v), sameAdmitted(s)...)
}

// write puts the changed record.
func (c *ChangeCall) write(s scene, v value.Semaphore, as ...kv.Compare) kv.Step {
	c.done = true
	return c.SendInTurn(c.record(), kv.Txn{
		If:   append(as, c.notOver()),
		Then: append(c.keep(s, c.note(remembered{Answer: changed})), c.putRecord(v)),
	})
}
