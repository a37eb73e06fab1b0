package countdownlatch

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// AwaitCall is one AwaitRequest on its way. It waits for the round that is on when it looks for the first time.
type AwaitCall struct {
	call
	req      AwaitRequest
	record   *kv.Item // what began that round; nil before
	count    int      // its arrivals
	timedOut bool
	answer   AwaitAnswer
}

// NewAwaitCall returns the call that answers r.
func NewAwaitCall(space keys.Space, r AwaitRequest) *AwaitCall {
	return &AwaitCall{call: newCall(space, r.Name), req: r}
}

// Answer returns the answer of a call that is done.
func (c *AwaitCall) Answer() (AwaitAnswer, error) { return c.answer, c.Err() }

// Next implements store.Call.
func (c *AwaitCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := look(v, c.name)
	if c.record == nil {
		switch {
		case !c.Fresh():
			return kv.Barrier // a round of the past is none to wait for (C3)
		case s.record == nil:
			return c.complete(0)
		}
		c.record, c.count = s.record, int(s.latch.Count)
	}
	switch {
	case c.reached(s):
		return c.complete(Round(c.record.Mod))
	case c.destroyed(s):
		return c.Fail(ErrDestroyed)
	case s.damaged() != nil:
		return c.Fail(s.damaged())
	case c.timedOut || c.req.Timeout != nil && *c.req.Timeout == 0:
		return c.giveUp(s)
	}
	return kv.Wait
}

// Committed implements store.Call.
func (c *AwaitCall) Committed(r kv.Result) { c.Told(r) }

// Signal implements store.Call.
func (c *AwaitCall) Signal(s kv.Signal) {
	if s == kv.TimedOut {
		c.timedOut = true
		c.Outdate() // what is to be said of the end of the timeout must not be older than that
	}
}

// destroyed reports whether the latch is gone, or there anew.
func (c *AwaitCall) destroyed(s scene) bool {
	return s.record == nil || s.record.Create != c.record.Create
}

// reached reports whether nothing remains of the round waited for: its arrivals are there, also of one that was
// destroyed since, or another round follows it, which only begins when it was reached (C3).
func (c *AwaitCall) reached(s scene) bool {
	switch {
	case s.damaged() != nil:
		return false
	case !c.destroyed(s) && s.record.Mod > c.record.Mod:
		return true
	}
	return s.view.Arrivals(s.group, int64(c.record.Mod)) >= c.count
}

func (c *AwaitCall) complete(r Round) kv.Step {
	c.answer = AwaitAnswer{Completed: true, Round: r}
	return c.End()
}

// giveUp says that something remains, now that the timeout has passed (X3).
func (c *AwaitCall) giveUp(s scene) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	c.answer = AwaitAnswer{Remaining: s.remaining, Round: s.round()}
	return c.End()
}
