package fencedlock

import (
	"github.com/cpgate/cpgate/internal/kv"
)

// end answers the call.
func (c *LockCall) end(a LockAnswer) kv.Step {
	c.answer = a
	return c.End()
}

// say answers from what is seen, which must not be older than the call (X3).
func (c *LockCall) say(a LockAnswer) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	return c.end(a)
}

// refuse says no. Where something else may yet put the request in line, it says so with a memo: that finds the memo,
// comes to nothing, and the caller that was told no holds nothing.
func (c *LockCall) refuse(s scene, a LockAnswer) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	if !c.retried() {
		return c.end(a)
	}
	as := kv.Absent(c.spots.ticket)
	if s.item != nil {
		as = kv.Unchanged(s.item)
	}
	kind := memoNotAcquired
	if a.Outcome == LimitReached {
		kind = memoLimitReached
	}
	return c.commit(s, 0, kv.Txn{
		If:   []kv.Compare{kv.Unchanged(s.marker), as, c.notOver()},
		Then: c.keep(s, c.note(s, c.req.RequestID, kind)),
	}, &a)
}

// recall answers what was answered before, with the holder, or the caller's own hold, as it is now.
func (c *LockCall) recall(s scene, m remembered) kv.Step {
	switch m.Answer {
	case memoNotAcquired:
		return c.say(LockAnswer{Outcome: NotAcquired, Holder: s.holder()})
	case memoLimitReached:
		a := LockAnswer{Outcome: LimitReached}
		if s.holds() {
			a.Fence, a.HoldCount = Fence(s.item.Create), len(s.value.Holds)
		}
		return c.say(a)
	default:
		return c.Fail(ErrWaitCancelled) // a memo stays true
	}
}
