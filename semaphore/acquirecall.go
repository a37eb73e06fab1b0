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
	asking
}

// NewAcquireCall returns the call that answers r. by names the call in the tickets that it touches, see keys.CallOf, and
// is never used for another one.
func NewAcquireCall(space keys.Space, r AcquireRequest, by string, now time.Time) *AcquireCall {
	return &AcquireCall{asking{req: r, claim: claim{by: by, call: call{
		space: space, name: r.Name, caller: r.Caller, request: r.RequestID, attempt: r.Attempt, now: now.UTC(),
	}}}}
}

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
	case mine && c.Twins():
		return c.settle()
	case mine:
		return c.inLine(s)
	case c.mineAt != 0 && (s.memo == nil || s.marker == nil || s.marker.Create != c.born):
		return c.gone(s)
	case c.mineAt != 0:
		return c.recall(s)
	}
	return c.arrive(s)
}

// arrive decides what to do for a call that has not touched the line yet.
func (c *AcquireCall) arrive(s scene) kv.Step {
	if s.memo != nil && c.alive(s) {
		return c.recall(s)
	}
	if step, ok := c.admit(s); !ok {
		return step
	}
	switch {
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

// recall answers what was answered before.
func (c *AcquireCall) recall(s scene) kv.Step {
	m := recalled(s.memo)
	switch {
	case again(m) != nil:
		return c.Fail(again(m)) // a memo stays true
	case m.Answer == acquired:
		return c.end(AcquireAnswer{Acquired: true})
	}
	return c.say(c.notGot(s))
}

// inLine decides for a call whose ticket stands in line.
func (c *AcquireCall) inLine(s scene) kv.Step {
	switch {
	case s.marker == nil:
		return c.withdraw(s) // the session counts as gone, though its lease may live on for a while
	case s.wrongKind():
		step, _ := c.admit(s)
		return step
	case c.timedOut && (c.removes && c.Doubtful() || !s.admitted()):
		return c.giveUp(s) // also when it was sent before, and may take away what is admitted by now
	case c.removes && c.Doubtful():
		return c.withdraw(s)
	case s.admitted():
		return c.end(AcquireAnswer{Acquired: true})
	}
	return kv.Wait
}
