package semaphore

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// AcquireCall is one AcquireRequest of a session on its way: it gets a ticket, and waits until that is admitted.
type AcquireCall struct {
	claim
	req      AcquireRequest
	timedOut bool
	promise  *AcquireAnswer // the answer, if the transaction under way succeeds
	answer   AcquireAnswer
}

// NewAcquireCall returns the call that answers r. by names the call in the tickets that it touches, see keys.CallOf, and
// is never used for another one.
func NewAcquireCall(space keys.Space, r AcquireRequest, by string, now time.Time) *AcquireCall {
	return &AcquireCall{req: r, claim: claim{by: by, call: call{
		space: space, name: r.Name, caller: r.Caller, request: r.RequestID, attempt: r.Attempt, now: now.UTC(),
	}}}
}

// Answer returns the answer of a call that is done.
func (c *AcquireCall) Answer() (AcquireAnswer, error) { return c.answer, c.Err() }

// Signal implements store.Call.
func (c *AcquireCall) Signal(s kv.Signal) {
	c.claim.Signal(s)
	c.timedOut = c.timedOut || s == kv.TimedOut
}

// Loose implements store.Call.
func (c *AcquireCall) Loose() bool { return c.sent && (!c.Over() || c.answer.Acquired) }

// Next implements store.Call.
func (c *AcquireCall) Next(v mirror.View) kv.Step {
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
		return c.leave(s)
	case mine:
		return c.inLine(s)
	case c.mineAt != 0:
		return c.gone(s)
	}
	return c.arrive(s)
}

// Committed implements store.Call.
func (c *AcquireCall) Committed(r kv.Result) {
	if c.committed(r) && c.promise != nil && !c.left {
		c.end(*c.promise)
	}
}

func (c *AcquireCall) end(a AcquireAnswer) kv.Step {
	c.answer = a
	return c.End()
}

// say answers from what is seen, which must not be older than the call (X3).
func (c *AcquireCall) say(a AcquireAnswer) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	return c.end(a)
}

// try reports whether the call must not wait.
func (c *AcquireCall) try() bool { return c.timedOut || c.req.Timeout != nil && *c.req.Timeout == 0 }

// arrive decides what to do for a call that has not touched the line yet.
func (c *AcquireCall) arrive(s scene) kv.Step {
	if step, ok := c.admit(s); !ok {
		return step
	}
	switch {
	case s.memo != nil:
		return c.recall(s)
	case s.item == nil:
		return c.enqueue(s)
	case !s.ours:
		return c.Refuse(&keys.DamagedError{Key: s.item.Key})
	}
	return c.adopt(s)
}

// enqueue puts a new ticket, which the line admits when it is its turn. A try puts one only on condition that it is
// admitted at once: behind a waiter it would be seen by others, who were then refused for the sake of one that was
// refused itself (S2).
func (c *AcquireCall) enqueue(s scene) kv.Step {
	if c.try() && !s.admits(c.req.Permits) {
		return c.refuse(s)
	}
	if step, ok := c.rest(s); ok {
		return step
	}
	if !c.Fresh() && session.NearlyFull(s.view, c.caller.Session) {
		return kv.Barrier // so that who asks one by one meets the bound exactly
	}
	if session.Full(s.view, c.caller.Session) {
		return c.Refuse(session.ErrTooManyTickets)
	}
	t := kv.Txn{
		If:   append(c.live(s), kv.Absent(c.ticket()), c.notOver(), c.same(s)),
		Then: []kv.Op{c.putTicket(int64(c.req.Permits))},
	}
	if !c.try() {
		return c.touching(s, 0, t)
	}
	t.If = append(t.If, kv.Unchanged(s.record), kv.NoneSince(s.prefix, s.view.Revision()))
	c.promise = &AcquireAnswer{Acquired: true}
	return c.inTurn(s, t)
}

// refuse says no.
func (c *AcquireCall) refuse(s scene) kv.Step {
	a := AcquireAnswer{Available: s.free()}
	if !c.Fresh() || !c.retried() {
		return c.say(a)
	}
	c.promise = &a
	return c.commit(kv.Txn{
		If:   append(c.live(s), kv.Absent(c.ticket()), c.notOver()),
		Then: c.keep(s, c.note(remembered{Answer: notAcquired})),
	})
}

// recall answers what was answered before.
func (c *AcquireCall) recall(s scene) kv.Step {
	m := recalled(s.memo)
	switch {
	case again(m) != nil:
		return c.Fail(again(m)) // a memo stays true
	case m.Answer == acquired:
		return c.end(AcquireAnswer{Acquired: true})
	}
	return c.say(AcquireAnswer{Available: s.free()})
}

// inLine decides for a call whose ticket stands in line.
func (c *AcquireCall) inLine(s scene) kv.Step {
	switch {
	case s.marker == nil, s.wrongKind():
		return c.withdraw(s) // the session counts as gone, though its lease may live on for a while
	case s.admitted():
		return c.end(AcquireAnswer{Acquired: true})
	case c.timedOut:
		return c.giveUp(s)
	}
	return kv.Wait
}

// giveUp takes a ticket that waited for its whole timeout out of the line. It may have been admitted in this very
// moment: nobody but this call may tell so, and it tells that it was not.
func (c *AcquireCall) giveUp(s scene) kv.Step {
	t := kv.Txn{If: []kv.Compare{kv.Unchanged(s.item)}, Then: []kv.Op{kv.Delete(s.item.Key)}}
	if s.ticket.Retried {
		t.If = append(t.If, c.live(s)...)
		t.Then = append(t.Then, c.keep(s, c.note(remembered{Answer: notAcquired}))...)
	}
	c.promise = &AcquireAnswer{Available: s.free(), Position: s.position()}
	return c.commit(t)
}

// gone tells a waiter why its ticket is not its own any more.
func (c *AcquireCall) gone(s scene) kv.Step {
	if s.memo != nil && s.marker != nil && s.marker.Create == c.born {
		return c.recall(s)
	}
	return c.Refuse(c.lost(s))
}
