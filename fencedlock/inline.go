package fencedlock

import (
	"fmt"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// inLine decides for a call whose ticket is in line, or was.
func (c *LockCall) inLine(s scene) kv.Step {
	mine := c.mine(s)
	if mine {
		c.ticket = s.item.Create // also when the answer that would have told was lost
	}
	switch {
	case c.left && mine && c.graceOver && !c.inherited:
		return c.withdraw(s)
	case c.left:
		return c.leave(s)
	case !mine:
		return c.lost(s)
	case s.marker == nil:
		return c.withdraw(s) // the session counts as gone, though its lease may live on for a while
	case s.holds():
		_, n := s.value.find(c.req.RequestID)
		return c.end(LockAnswer{Outcome: Acquired, Fence: Fence(s.item.Create), HoldCount: n})
	case c.try():
		return c.giveUp(s)
	}
	return kv.Wait
}

// giveUp takes a ticket that may not wait any more out of the line. A ticket ahead proves that it never
// held; otherwise it holds by now and is answered so.
func (c *LockCall) giveUp(s scene) kv.Step {
	t := kv.Txn{
		If:   []kv.Compare{kv.Unchanged(s.item), kv.Same(s.ahead())},
		Then: []kv.Op{kv.Delete(s.item.Key)},
	}
	if h, _ := s.value.find(c.req.RequestID); h.Retried && s.marker != nil {
		t.If = append(t.If, kv.Unchanged(s.marker))
		t.Then = append(t.Then, memo.Spare(c.keep(s, c.note(s, c.req.RequestID, memoNotAcquired)))...)
	}
	return c.commit(s, s.item.Create, t, &LockAnswer{
		Outcome: NotAcquired, Holder: s.holder(), Position: s.line.Index(s.item),
	})
}

// lost tells a waiter why its ticket is not its own any more. When another attempt of the request has taken it up,
// and holds the lock by it, only that one may say so: it takes the hold back if its own caller is gone.
func (c *LockCall) lost(s scene) kv.Step {
	switch {
	case s.marker == nil || s.marker.Create != c.born:
		return c.Refuse(session.ErrExpired)
	case s.forced(Fence(c.ticket)):
		return c.Refuse(ErrOwnershipLost)
	case s.item != nil && s.item.Create == c.ticket && !s.ours:
		return c.Refuse(&keys.DamagedError{Key: s.item.Key})
	case s.item != nil && s.item.Create == c.ticket:
		return c.Refuse(ErrWaitCancelled)
	}
	if m := s.memo(c.req.RequestID); m != nil {
		return c.recall(s, recalled(m))
	}
	return c.Refuse(fmt.Errorf("%w: the ticket %q was removed from the line", store.ErrUnavailable, c.spots.ticket))
}

// leave waits, for a caller that is gone, until the grace is over or a retry takes the ticket up.
func (c *LockCall) leave(s scene) kv.Step {
	switch {
	case !c.graceOver && (c.mine(s) || c.ticket == 0):
		return kv.Wait
	case !c.mine(s) && !c.Fresh():
		return kv.Barrier
	case !c.mine(s) && c.Pending():
		return c.settle(s)
	}
	return c.End()
}

// settle sees to it that nothing of this call's is on its way any more.
func (c *LockCall) settle(s scene) kv.Step {
	return c.commit(s, 0, kv.Settle(c.spots.ticket), nil)
}

// withdraw takes back what a caller that is gone left in line, held or not: nobody was told of it (X2).
func (c *LockCall) withdraw(s scene) kv.Step {
	_, n := s.value.find(c.req.RequestID)
	return c.commit(s, s.item.Create, removal(s, n), nil)
}

// removal returns what takes the n-th hold off the caller's ticket, and the ticket with the last one.
func removal(s scene, n int) kv.Txn {
	if len(s.value.Holds) == 1 {
		return kv.Txn{If: []kv.Compare{kv.Unchanged(s.item)}, Then: []kv.Op{kv.Delete(s.item.Key)}}
	}
	t := kv.Txn{If: []kv.Compare{kv.Unchanged(s.item)}, Then: []kv.Op{s.put(s.value.without(n))}}
	if s.marker != nil {
		t.If = append(t.If, kv.Unchanged(s.marker))
	}
	return t
}
