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
	claim
	req      AcquireRequest
	timedOut bool
	promise  *AcquireAnswer // the answer, if the transaction under way succeeds
	answer   AcquireAnswer
}

// NewTakeCall returns the call that answers r. by names the call in what it touches, see keys.CallOf, and is never used
// for another one.
func NewTakeCall(space keys.Space, r AcquireRequest, by string, shelf Shelf, now time.Time) *TakeCall {
	return &TakeCall{req: r, claim: claim{by: by, call: call{
		space: space, name: r.Name, caller: r.Caller, request: r.RequestID, attempt: r.Attempt, shelf: shelf, now: now.UTC(),
	}}}
}

// Answer returns the answer of a call that is done.
func (c *TakeCall) Answer() (AcquireAnswer, error) { return c.answer, c.Err() }

// Signal implements store.Call.
func (c *TakeCall) Signal(s kv.Signal) {
	c.claim.Signal(s)
	c.timedOut = c.timedOut || s == kv.TimedOut
}

// Loose implements store.Call.
func (c *TakeCall) Loose() bool { return c.sent && (!c.Over() || c.answer.Acquired) }

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
	case mine:
		return c.inLine(s)
	case c.mineAt != 0 && (s.item != nil || s.record == nil || s.record.Create != c.of && c.of != 0):
		return c.Refuse(c.lost(s))
	}
	c.mineAt = 0 // swept, while this gateway was thought dead: the call stands in line again
	return c.arrive(s)
}

// Committed implements store.Call.
func (c *TakeCall) Committed(r kv.Result) {
	if c.committed(r) && c.promise != nil && !c.left {
		c.end(*c.promise)
	}
}

func (c *TakeCall) end(a AcquireAnswer) kv.Step {
	c.answer = a
	return c.End()
}

// say answers from what is seen, which must not be older than the call (X3).
func (c *TakeCall) say(a AcquireAnswer) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	return c.end(a)
}

// recall answers what was answered before.
func (c *TakeCall) recall(s scene) kv.Step {
	m := recalled(s.memo)
	switch {
	case again(m) != nil:
		return c.Fail(again(m)) // a memo stays true
	case m.Answer != acquired:
		return c.say(AcquireAnswer{Available: s.free()})
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
		return c.take(s, int64(c.req.Permits), kv.Txn{If: []kv.Compare{kv.Empty(s.prefix)}})
	case c.timedOut, c.req.Timeout != nil && *c.req.Timeout == 0:
		return c.refuse(s)
	}
	return c.touching(s, 0, kv.Txn{
		If:   []kv.Compare{kv.Absent(c.ticket()), c.notOver(), c.same(s)},
		Then: []kv.Op{c.putTicket(int64(c.req.Permits))},
	})
}

// refuse says no.
func (c *TakeCall) refuse(s scene) kv.Step {
	a := AcquireAnswer{Available: s.free()}
	if !c.Fresh() || !c.retried() {
		return c.say(a)
	}
	c.promise = &a
	return c.commit(kv.Txn{
		If:   []kv.Compare{kv.Absent(c.ticket()), c.notOver()},
		Then: c.keep(s, c.note(remembered{Answer: notAcquired})),
	})
}

// inLine decides for a call whose ticket stands in line. Whoever is first stays first: those behind can't come ahead.
func (c *TakeCall) inLine(s scene) kv.Step {
	leaves := kv.Txn{If: []kv.Compare{kv.Unchanged(s.item)}, Then: []kv.Op{kv.Delete(s.item.Key)}}
	switch {
	case s.wrongKind():
		return c.commit(leaves)
	case s.record != nil && !s.damaged && s.line.Head() == s.item && s.value.Permits >= s.ticket.Permits:
		c.promise = &AcquireAnswer{Acquired: true}
		return c.take(s, s.ticket.Permits, leaves)
	case !c.timedOut:
		return kv.Wait
	}
	if s.ticket.Retried {
		leaves.If = append(leaves.If, c.notOver())
		leaves.Then = append(leaves.Then, c.keep(s, c.note(remembered{Answer: notAcquired}))...)
	}
	c.promise = &AcquireAnswer{Available: s.free(), Position: s.position()}
	return c.commit(leaves)
}
