package semaphore

import (
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
)

// asking is what an acquire is on either kind of semaphore: it gets permits, or is refused, or waits and may give up.
type asking struct {
	claim
	req      AcquireRequest
	timedOut bool
	promise  *AcquireAnswer // the answer, if the transaction under way succeeds
	gaveUp   *AcquireAnswer // the answer, if the transaction that was to give up the ticket has succeeded
	answer   AcquireAnswer
}

// Answer returns the answer of a call that is done.
func (c *asking) Answer() (AcquireAnswer, error) { return c.answer, c.Err() }

// Signal implements store.Call.
func (c *asking) Signal(s kv.Signal) {
	c.claim.Signal(s)
	c.timedOut = c.timedOut || s == kv.TimedOut
}

// Loose implements store.Call.
func (c *asking) Loose() bool { return c.sent && (!c.Over() || c.answer.Acquired) }

// Committed implements store.Call.
func (c *asking) Committed(r kv.Result) {
	if c.committed(r) && c.promise != nil && !c.left {
		c.end(*c.promise)
	}
}

func (c *asking) end(a AcquireAnswer) kv.Step {
	c.answer = a
	return c.End()
}

// say answers from what is seen, which must not be older than the call (X3).
func (c *asking) say(a AcquireAnswer) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	return c.end(a)
}

// try reports whether the call must not wait.
func (c *asking) try() bool { return c.timedOut || c.req.Timeout != nil && *c.req.Timeout == 0 }

// refuse says no to a call that has no ticket.
func (c *asking) refuse(s scene) kv.Step {
	a := c.notGot(s)
	if !c.Fresh() || !c.retried() {
		return c.say(a)
	}
	c.promise = &a
	return c.commit(kv.Txn{
		If:   append(c.live(s), kv.Absent(c.ticket()), c.notOver()),
		Then: c.keep(s, c.note(remembered{Answer: notAcquired})),
	})
}

// notGot is the answer that says no: what is available now, and where the call stood when it gave up, if it did.
func (c *asking) notGot(s scene) AcquireAnswer {
	a := AcquireAnswer{Available: s.free()}
	if c.gaveUp != nil {
		a.Position = c.gaveUp.Position
	}
	return a
}

// giveUp takes a ticket that waited for its whole timeout out of the line. It may have been admitted in this very
// moment: nobody but this call may tell so, and it tells that it was not.
func (c *asking) giveUp(s scene) kv.Step {
	t := kv.Txn{If: []kv.Compare{kv.Unchanged(s.item)}, Then: []kv.Op{kv.Delete(s.item.Key)}}
	if s.ticket.Retried {
		t.If = append(append(t.If, c.live(s)...), c.notOver())
		t.Then = append(t.Then, memo.Spare(c.keep(s, c.note(remembered{Answer: notAcquired})))...)
	}
	c.promise = &AcquireAnswer{Available: s.free(), Position: s.position()}
	c.gaveUp, c.removes = c.promise, true
	return c.commit(t)
}

// gone tells a waiter why its ticket is not its own any more, where no memo tells. One that was swept, while this
// gateway was thought dead, or put anew by an earlier attempt, it takes up.
func (c *asking) gone(s scene) kv.Step {
	alive := c.caller.Session == 0 || s.marker != nil && s.marker.Create == c.born
	switch {
	case alive && s.item == nil && c.gaveUp != nil && c.Doubtful():
		return c.refuse(s) // by this call's own transaction, whose answer was lost, or by a sweep
	case alive && s.ours && (s.ticket.By == swept || s.ticket.Attempt < c.attempt):
		return c.adopt(s)
	case alive && s.item == nil && c.destroyed(s):
		return c.no(s, ErrDestroyed)
	case alive && s.item == nil && s.wrongKind():
		return c.no(s, s.kindError())
	}
	return c.Refuse(c.lost(s))
}
