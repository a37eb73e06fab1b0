package semaphore

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// TakeCall is one AcquireRequest without a session on its way: it takes the permits off the record, or waits with a
// ticket until it is first and there are enough.
type TakeCall struct {
	asking
}

// NewTakeCall returns the call that answers r. by names the call in what it touches, see keys.CallOf, and is never used
// for another one.
func NewTakeCall(space keys.Space, r AcquireRequest, by string, shelf Shelf, now time.Time) *TakeCall {
	return &TakeCall{asking{req: r, claim: claim{by: by, call: call{
		space: space, name: r.Name, caller: r.Caller, request: r.RequestID, attempt: r.Attempt, shelf: shelf, now: now.UTC(),
	}}}}
}

// Next implements store.Call.
func (c *TakeCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	c.promise, c.touches = nil, false
	s := c.look(v)
	mine := c.mine(s)
	if mine {
		c.attend(s)
	}
	switch {
	case c.left:
		return c.leaveTaken(s)
	case s.memo != nil:
		return c.recall(s)
	case mine && c.Twins():
		return c.settle()
	case mine:
		return c.inLine(s)
	case c.mineAt != 0:
		return c.gone(s)
	}
	return c.arrive(s)
}

// recall answers what was answered before.
func (c *TakeCall) recall(s scene) kv.Step {
	m := recalled(s.memo)
	switch {
	case again(m) != nil:
		return c.Fail(again(m)) // a memo stays true
	case m.Answer != acquired:
		return c.say(c.notGot(s))
	case m.By != c.by:
		return c.adoptTaken(s, m)
	}
	return c.end(AcquireAnswer{Acquired: true})
}

// arrive decides what to do for a call that has not touched the line yet.
func (c *TakeCall) arrive(s scene) kv.Step {
	if step, ok := c.admit(s); !ok {
		return step
	}
	switch {
	case s.item != nil && !s.ours:
		return c.Refuse(&keys.DamagedError{Key: s.item.Key})
	case s.item != nil:
		return c.adopt(s)
	case s.admits(c.req.Permits):
		c.promise = &AcquireAnswer{Acquired: true}
		return c.take(s, int64(c.req.Permits), kv.Txn{
			If:   []kv.Compare{kv.Empty(s.prefix)},
			Fold: c.step(-int64(c.req.Permits), 0),
		})
	case c.try():
		return c.refuse(s)
	}
	return c.touching(s, 0, kv.Txn{
		If:   []kv.Compare{kv.Absent(c.ticket()), c.notOver(), c.same(s)},
		Then: []kv.Op{c.putTicket(int64(c.req.Permits))},
	})
}

// inLine decides for a call whose ticket stands in line. Whoever is first stays first: those behind can't come ahead.
func (c *TakeCall) inLine(s scene) kv.Step {
	switch {
	case s.wrongKind():
		step, _ := c.admit(s)
		return step
	case s.record != nil && !s.damaged && s.line.Head() == s.item && s.value.Permits >= s.ticket.Permits:
		c.promise = &AcquireAnswer{Acquired: true}
		return c.take(s, s.ticket.Permits, kv.Txn{
			If:   []kv.Compare{kv.Unchanged(s.item)},
			Then: []kv.Op{kv.Delete(s.item.Key)},
			Fold: c.step(-s.ticket.Permits, 0),
		})
	case c.timedOut:
		return c.giveUp(s)
	}
	return kv.Wait
}
