package semaphore

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// DrainCall is one DrainRequest on its way. What it takes is a ticket like any other, or without a session a memo.
type DrainCall struct {
	claim
	tries    int
	promised bool // the answer is known, if the transaction under way succeeds
	promise  int64
	answer   int64
}

// NewDrainCall returns the call that answers r. by names the call in what it touches, see keys.CallOf, and is never used
// for another one.
func NewDrainCall(space keys.Space, r DrainRequest, by string, shelf Shelf, now time.Time) *DrainCall {
	return &DrainCall{claim: claim{by: by, call: call{
		space: space, name: r.Name, caller: r.Caller, request: r.RequestID, attempt: r.Attempt, shelf: shelf, now: now.UTC(),
	}}}
}

// Answer returns, of a call that is done, how many permits were available.
func (c *DrainCall) Answer() (Permits, error) { return Permits(c.answer), c.Err() }

// Loose implements store.Call.
func (c *DrainCall) Loose() bool { return c.sent && (!c.Over() || c.answer > 0) }

// Next implements store.Call.
func (c *DrainCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	c.promised, c.touches = false, false
	s := c.look(v)
	if c.mine(s) {
		c.attend(s)
	}
	if c.left {
		return c.leaveTaken(s)
	}
	if s.memo != nil && c.alive(s) {
		return c.recall(s)
	}
	if step, ok := c.admit(s); !ok {
		return step
	}
	switch {
	case c.mine(s) && c.Twins():
		return c.settle()
	case c.mine(s):
		return c.end(s.ticket.Got())
	case s.item != nil && !s.ours:
		return c.Refuse(&keys.DamagedError{Key: s.item.Key})
	case s.item != nil:
		return c.adopt(s)
	case s.record == nil:
		return c.no(s, ErrNotInitialized)
	}
	return c.drain(s)
}

// Committed implements store.Call.
func (c *DrainCall) Committed(r kv.Result) {
	if !c.committed(r) {
		c.tries++
		return
	}
	if c.promised && !c.left {
		c.end(c.promise)
	}
}

func (c *DrainCall) end(n int64) kv.Step {
	c.answer = n
	return c.End()
}

// recall answers what was answered before.
func (c *DrainCall) recall(s scene) kv.Step {
	m := recalled(s.memo)
	switch {
	case again(m) != nil:
		return c.Fail(again(m)) // a memo stays true
	case m.Answer == acquired && m.By != "" && m.By != c.by:
		return c.adoptTaken(s, m)
	}
	return c.end(m.Permits)
}

func (c *DrainCall) drain(s scene) kv.Step {
	if step, ok := c.rest(s); ok {
		return step
	}
	n := s.available()
	if n == 0 || n > 0 && s.waited() {
		return c.nothing(s)
	}
	if c.caller.Session != 0 {
		if step, ok := c.quiet(s, c.tries); ok {
			return step
		}
	}
	c.promised, c.promise = true, n
	switch {
	case n < 0:
		return c.level(s)
	case c.caller.Session == 0:
		return c.take(s, n, kv.Txn{If: []kv.Compare{kv.Empty(s.prefix)}})
	}
	return c.hold(s, n)
}

// nothing answers 0: there is none, or somebody waits (S2).
func (c *DrainCall) nothing(s scene) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	if step, ok := c.resumed(s); ok {
		return step
	}
	if !c.retried() {
		return c.end(0)
	}
	c.promised, c.promise = true, 0
	return c.commit(kv.Txn{
		If:   append(c.live(s), kv.Absent(c.ticket()), c.notOver()),
		Then: c.keep(s, c.note(remembered{Answer: drained})),
	})
}

// level makes 0 available where fewer are.
func (c *DrainCall) level(s scene) kv.Step {
	v := s.value
	v.Permits, v.Pause = v.Permits-c.promise, ""
	return c.SendInTurn(c.record(), kv.Txn{
		If:   append(append(c.live(s), sameHolders(s)...), kv.Absent(c.ticket()), c.notOver()),
		Then: append(c.keep(s, c.note(remembered{Answer: drained, Permits: c.promise})), c.putRecord(v)),
	})
}

// hold puts a ticket of all that is available. It is the last in line and just fits: nobody waits, nobody has come, and
// nobody who holds has left.
func (c *DrainCall) hold(s scene, n int64) kv.Step {
	if !c.Fresh() && session.NearlyFull(s.view, c.caller.Session) {
		return kv.Barrier
	}
	if session.Full(s.view, c.caller.Session) {
		return c.Refuse(session.ErrTooManyTickets)
	}
	t := kv.Txn{
		If: append(append(c.live(s), sameHolders(s)...), kv.NoneSince(s.prefix, s.view.Revision()),
			kv.Absent(c.ticket()), c.notOver()),
		Then: []kv.Op{c.putTicket(n)},
	}
	if s.value.Pause != "" {
		v := s.value
		v.Pause = ""
		t.Then = append(t.Then, c.putRecord(v))
	}
	return c.inTurn(s, t)
}
