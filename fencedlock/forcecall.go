package fencedlock

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// ForceCall takes the lock away from whoever holds it.
type ForceCall struct {
	call
	fence  Fence   // only from the holder with this fence; 0: from any
	taken  *Ticket // whose ticket the transaction under way deletes
	answer *Ticket
}

// NewForceCall returns the call that takes the lock from its holder, if fence is 0 or the holder's.
func NewForceCall(space keys.Space, n keys.Name, fence Fence, now time.Time) *ForceCall {
	return &ForceCall{call: newCall(space, n, Caller{}, now), fence: fence}
}

// Answer returns, of a call that is done, whose ticket was removed; nil when none was.
func (c *ForceCall) Answer() (*Ticket, error) { return c.answer, c.Err() }

// Next implements store.Call.
func (c *ForceCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	head := v.Line(v.Space().LockLine(c.name)).Head()
	if c.Doubtful() && (head == nil || head.Create != kv.Revision(c.taken.Fence)) {
		c.answer = c.taken // this call's own transaction, whose answer was lost, or as good
		return c.End()
	}
	if head == nil || c.fence != 0 && c.fence != Fence(head.Create) {
		return c.Refuse(nil)
	}
	return c.take(v, head)
}

// take deletes the ticket and leaves a trace for its session, so that the old holder learns of it.
func (c *ForceCall) take(v mirror.View, head *kv.Item) kv.Step {
	t := describe(v.Space().LockLine(c.name), head, 0)
	c.taken = &t
	txn := kv.Txn{If: []kv.Compare{kv.Unchanged(head)}, Then: []kv.Op{kv.Delete(head.Key)}}
	sid, owner, ok := keys.ParseLockTicket(v.Space().LockLine(c.name), head.Key)
	if !ok {
		return c.Send(txn)
	}
	id := session.ID(sid)
	if marker := session.Live(v, id); marker != nil {
		trace := remembered{Answer: memoForced, Owner: owner, At: c.now}
		notes := []memo.Note{noted(v.Space().Forced(sid, c.name, int64(head.Create)), trace)}
		txn.If = append(txn.If, kv.Unchanged(marker))
		txn.Then = append(txn.Then, memo.Keep(v, kv.LeaseID(id), append(notes, c.lateOnes(v, id, head)...)...)...)
	}
	return c.Send(txn)
}

// lateOnes returns the memos that keep earlier attempts of what is taken from taking the lock anew.
func (c *ForceCall) lateOnes(v mirror.View, id session.ID, head *kv.Item) (notes []memo.Note) {
	ticket, _ := decode(head)
	for _, h := range ticket.Holds {
		if h.Retried {
			key := v.Space().LockMemo(int64(id), c.name, h.Request)
			notes = append(notes, noted(key, remembered{Answer: memoReleased, At: c.now}))
		}
	}
	return notes
}

// Committed implements store.Call.
func (c *ForceCall) Committed(r kv.Result) {
	c.Told(r)
	if r.Succeeded {
		c.answer = c.taken
		c.End()
	}
}
