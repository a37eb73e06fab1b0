package fencedlock

import (
	"strings"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// UnlockCall is one UnlockRequest on its way.
type UnlockCall struct {
	call
	req    UnlockRequest
	tried  kv.Revision // the ticket that a transaction of this call is to delete; 0 for none
	left   int         // the hold count if the transaction under way succeeds
	answer UnlockAnswer
}

// NewUnlockCall returns the call that answers r.
func NewUnlockCall(space keys.Space, r UnlockRequest, now time.Time) *UnlockCall {
	return &UnlockCall{call: newCall(space, r.Name, r.Caller, now), req: r}
}

// Answer returns the answer of a call that is done.
func (c *UnlockCall) Answer() (UnlockAnswer, error) { return c.answer, c.Err() }

// Next implements store.Call.
func (c *UnlockCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := c.look(v)
	if s.marker == nil || !s.holds() || c.req.Fence != 0 && c.req.Fence != Fence(s.item.Create) {
		return c.refuse(s)
	}
	if count, ok := s.value.answered(c.req.RequestID, true); ok {
		return c.end(UnlockAnswer{HoldCount: count})
	}
	return c.pop(s)
}

// Committed implements store.Call.
func (c *UnlockCall) Committed(r kv.Result) {
	c.Told(r)
	if r.Succeeded {
		c.answer = UnlockAnswer{HoldCount: c.left}
		c.End()
	}
}

// pop gives the newest hold back, and the ticket with the last one (L3: on condition that it is what was seen).
func (c *UnlockCall) pop(s scene) kv.Step {
	n := len(s.value.Holds)
	c.left = n - 1
	t := kv.Txn{If: []kv.Compare{kv.Unchanged(s.marker), kv.Unchanged(s.item)}}
	if n > 1 {
		t.Then = []kv.Op{s.put(s.value.pop(c.req.RequestID))}
	} else {
		c.tried = s.item.Create
		t.Then = []kv.Op{kv.Delete(s.item.Key)}
	}
	if h := s.value.Holds[n-1]; h.Retried {
		// An earlier attempt of this lock request was lost and may come late: it must not take the lock anew (S4).
		t.Then = append(t.Then, memo.Spare(c.keep(s, c.note(s, h.Request, memoReleased)))...)
	}
	return c.Send(t)
}

// refuse answers a caller that holds nothing under this fence.
func (c *UnlockCall) refuse(s scene) kv.Step {
	switch {
	case !c.Fresh():
		return kv.Barrier
	case s.marker == nil:
		return c.Refuse(session.ErrExpired)
	case c.forced(s):
		return c.Refuse(ErrOwnershipLost)
	case c.Doubtful() && c.tried != 0 && (s.item == nil || s.item.Create != c.tried):
		return c.end(UnlockAnswer{}) // this call's own transaction, whose answer was lost
	case s.item == nil && c.req.Fence != 0 && kv.Revision(c.req.Fence) <= s.view.Revision():
		return c.end(UnlockAnswer{AlreadyReleased: true})
	}
	return c.Refuse(ErrNotHolder)
}

func (c *UnlockCall) end(a UnlockAnswer) kv.Step {
	c.answer = a
	return c.End()
}

// forced reports whether the hold was taken away by force; without a fence, any of this caller's on this lock.
func (c *UnlockCall) forced(s scene) (yes bool) {
	switch {
	case c.req.Fence != 0:
		return s.forced(c.req.Fence)
	case c.Doubtful() && c.tried != 0:
		return s.forced(Fence(c.tried))
	}
	all := strings.TrimSuffix(s.view.Space().Forced(int64(c.caller.Session), c.name, 0), "0")
	s.view.Scan(all, "", func(i *kv.Item) bool {
		yes = s.item == nil && recalled(i).Owner == c.caller.Owner
		return !yes
	})
	return yes
}
