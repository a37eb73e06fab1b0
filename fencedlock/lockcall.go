package fencedlock

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// LockCall is one LockRequest on its way: first it gets the caller's ticket (this file), then it waits for the
// ticket to hold (inline.go).
type LockCall struct {
	call
	req   LockRequest
	limit int
	by    string // names this call in the ticket
	over  string // the key that says, when it is there, that the request is over

	born      kv.Revision // the create revision of the session's marker when this call touched the line
	ticket    kv.Revision // the create revision of the ticket that this call touched; 0 before
	promise   *LockAnswer // the answer, if the transaction under way succeeds
	sent      bool        // a transaction was sent
	touch     kv.Revision // the ticket that the transaction under way touches; 0 means a new one
	rival     string      // the call whose ticket this one last tried to take up
	inherited bool        // an earlier attempt may have told of the hold that this one took up

	timedOut, left, graceOver bool

	answer LockAnswer
}

// NewLockCall returns the call that answers r. limit is how often the caller may hold the lock at a time, 1 or more;
// by names the call in the tickets that it touches, "<gateway>.<anything>", and is never used for another one.
func NewLockCall(space keys.Space, r LockRequest, limit int, by string, now time.Time) *LockCall {
	return &LockCall{
		call: newCall(space, r.Name, r.Caller, now), req: r, limit: limit, by: by,
		over: space.LockMemo(int64(r.Caller.Session), r.Name, r.RequestID),
	}
}

// Keys implements store.Call. A cancel shows though no ticket is there.
func (c *LockCall) Keys() []string { return append(c.call.Keys(), c.over) }

// Answer returns the answer of a call that is done.
func (c *LockCall) Answer() (LockAnswer, error) { return c.answer, c.Err() }

// Next implements store.Call.
func (c *LockCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := c.look(v)
	if c.mine(s) && c.Twins() && !c.left {
		return c.settle(s)
	}
	if c.mine(s) || c.ticket != 0 {
		return c.inLine(s)
	}
	if c.left {
		return c.leave(s)
	}
	return c.arrive(s)
}

// Committed implements store.Call.
func (c *LockCall) Committed(r kv.Result) {
	c.Told(r)
	if !r.Succeeded {
		c.promise = nil
		return
	}
	c.ticket = c.touch
	if c.touch == 0 {
		c.ticket = r.Revision
	}
	if p := c.promise; p != nil && !c.left {
		c.answer = *p
		c.End()
	}
}

// Signal implements store.Call.
func (c *LockCall) Signal(s kv.Signal) {
	switch s {
	case kv.TimedOut:
		c.timedOut = true
	case kv.Left:
		c.left = true
		c.Reopen()
	case kv.GraceOver:
		c.graceOver = true
		c.Outdate() // what is not there now must not come later
	}
}

// Loose implements store.Call.
func (c *LockCall) Loose() bool { return c.sent && (!c.Over() || c.answer.Outcome == Acquired) }

// mine reports whether this call was the last to touch the caller's hold: only then may it give it up, whatever
// else was written to the ticket since.
func (c *LockCall) mine(s scene) bool {
	h, n := s.value.find(c.req.RequestID)
	return s.ours && n > 0 && h.By == c.by
}

// try reports whether the call must not wait.
func (c *LockCall) try() bool { return c.timedOut || c.req.Timeout != nil && *c.req.Timeout == 0 }

// arrive decides what to do for a call that has not touched the line yet.
func (c *LockCall) arrive(s scene) kv.Step {
	c.inherited = false
	if s.marker == nil {
		return c.Refuse(session.ErrExpired)
	}
	if count, ok := s.value.answered(c.req.RequestID, false); ok {
		return c.say(LockAnswer{Outcome: Acquired, Fence: Fence(s.item.Create), HoldCount: count})
	}
	if m := s.memo(c.req.RequestID); m != nil {
		return c.recall(s, recalled(m))
	}
	switch {
	case s.item == nil:
		return c.enqueue(s)
	case !s.ours:
		return c.blocked(s)
	}
	if h, n := s.value.find(c.req.RequestID); n > 0 {
		return c.adopt(s, h, n)
	}
	if s.holds() {
		return c.reenter(s)
	}
	return c.takeOver(s)
}

// enqueue puts a new ticket; when the mirror shows it, it is seen whether it holds. That nobody else is in line could be a
// condition, and the commit would say so by itself; but etcd would look at all tickets that the line had in its whole
// history.
func (c *LockCall) enqueue(s scene) kv.Step {
	if c.try() && s.line.Len() > 0 {
		return c.refuse(s, LockAnswer{Outcome: NotAcquired, Holder: s.holder()})
	}
	if !c.Fresh() && session.NearlyFull(s.view, c.caller.Session) {
		return kv.Barrier // so that who asks one by one meets the bound exactly
	}
	if session.Full(s.view, c.caller.Session) {
		return c.Refuse(session.ErrTooManyTickets)
	}
	return c.commit(s, 0, kv.Txn{
		If:    []kv.Compare{kv.Unchanged(s.marker), kv.Absent(c.spots.ticket), c.notOver()},
		Then:  []kv.Op{s.put(value{Holds: []hold{c.hold()}, Since: c.now})},
		Apart: c.spots.line, // its revision is the fence: no two tickets have the same (L2)
	}, nil)
}

// blocked is the answer to a caller whose own key was written by something else: it is one hold by an unknown
// owner, and there can't be another ticket of that key before it goes.
func (c *LockCall) blocked(s scene) kv.Step {
	if c.try() {
		return c.refuse(s, LockAnswer{Outcome: NotAcquired, Holder: s.holder()})
	}
	return kv.Wait
}

// adopt takes up the ticket that an earlier attempt of the same request left. The put keeps the create revision,
// so the place and the fence stay (L4); that attempt can't give the ticket up any more, nor, should it come late,
// take it back. A ticket ahead proves that it was not told yet that it holds; a ticket that holds it may have told of,
// and this call must not take it back.
func (c *LockCall) adopt(s scene, was hold, n int) kv.Step {
	// A call that never heard what came of its own transaction may meet one that took its ticket up: that is later.
	taken := c.Doubtful() && was.Attempt == c.req.Attempt && was.By != c.rival
	switch over := was.Attempt > c.req.Attempt || taken; {
	case over && c.Pending():
		return c.settle(s) // or a ticket of its own might come that no call attends
	case over:
		return c.Refuse(ErrWaitCancelled)
	}
	c.rival = was.By
	h := c.hold()
	h.Retried = true
	if c.inherited = s.holds(); c.inherited {
		return c.write(s, s.value.retouch(c.req.RequestID, h), c.held(s, n))
	}
	return c.write(s, s.value.retouch(c.req.RequestID, h), nil, kv.Same(s.ahead()))
}

// reenter holds the lock once more (L5).
func (c *LockCall) reenter(s scene) kv.Step {
	n := len(s.value.Holds)
	if n >= c.limit {
		return c.refuse(s, LockAnswer{Outcome: LimitReached, Fence: Fence(s.item.Create), HoldCount: n})
	}
	return c.write(s, s.value.push(c.hold()), c.held(s, n+1))
}

// takeOver ends the wait of an older request of the same caller and takes its place. A ticket ahead proves that
// the older one does not hold, and so was not told that it does.
func (c *LockCall) takeOver(s scene) kv.Step {
	old := s.value.Holds[0].Request
	t := kv.Txn{If: []kv.Compare{kv.Unchanged(s.marker), kv.Unchanged(s.item), kv.Same(s.ahead()), c.notOver()}}
	notes := []memo.Note{c.note(s, old, memoCancelled)} // for an attempt of the older request that is yet to come
	if !c.try() {
		t.Then = append(c.keep(s, notes...), s.put(s.value.retouch(old, c.hold())))
		return c.commit(s, s.item.Create, t, nil)
	}
	if c.retried() {
		notes = append(notes, c.note(s, c.req.RequestID, memoNotAcquired))
	}
	t.Then = append(c.keep(s, notes...), kv.Delete(s.item.Key))
	return c.commit(s, s.item.Create, t, &LockAnswer{Outcome: NotAcquired, Holder: s.holder()})
}

// held is the promise for the n-th hold of the caller's ticket.
func (c *LockCall) held(s scene, n int) *LockAnswer {
	return &LockAnswer{Outcome: Acquired, Fence: Fence(s.item.Create), HoldCount: n}
}

// notOver holds when the request was neither cancelled nor answered no to a later attempt: whatever puts it in line
// asks this.
func (c *LockCall) notOver() kv.Compare { return kv.Absent(c.over) }

// retried reports whether something else may yet put this request in line: an earlier attempt, or an earlier
// transaction of this one whose outcome was never known.
func (c *LockCall) retried() bool { return c.req.Attempt > 0 || c.Doubtful() }

func (c *LockCall) hold() hold {
	return hold{Request: c.req.RequestID, By: c.by, Attempt: c.req.Attempt, Retried: c.retried()}
}

// write puts the caller's ticket anew, if nobody has touched it or the session.
func (c *LockCall) write(s scene, v value, promise *LockAnswer, also ...kv.Compare) kv.Step {
	return c.commit(s, s.item.Create, kv.Txn{
		If:   append(also, kv.Unchanged(s.marker), kv.Unchanged(s.item), c.notOver()),
		Then: []kv.Op{s.put(v)},
	}, promise)
}

func (c *LockCall) commit(s scene, touch kv.Revision, t kv.Txn, promise *LockAnswer) kv.Step {
	if s.marker != nil {
		c.born = s.marker.Create
	}
	c.sent, c.touch, c.promise = true, touch, promise
	return c.Send(t)
}
