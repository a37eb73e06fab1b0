package semaphore

import (
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/value"
)

// Without a session nothing comes back by itself, and all that there is of permits taken is the memo of the request that
// took them. So it is with the memo as it is with a ticket on a session: it names the call that last touched it, and
// only that call may give the permits back.

// take has n permits taken off the record, and the memo put that says so.
func (c *claim) take(s scene, n int64, also kv.Txn) kv.Step {
	v := s.value
	v.Permits -= n
	got := remembered{Answer: acquired, Permits: n, By: c.by, Attempt: c.attempt, Record: s.record.Create}
	step := c.SendInTurn(c.record(), kv.Txn{
		If:   append(also.If, kv.Unchanged(s.record), c.notOver()),
		Then: append(append(also.Then, c.putRecord(v)), c.keep(s, c.note(got))...),
		Fold: also.Fold,
	})
	c.sent, c.inherited = c.sent || step.Commit != nil, false
	return step
}

// step lets a transaction that adds by to what a record without sessions has available come after others that do so too.
// It is judged anew by what they leave: that must not get below least, nor above what may be there.
func (c *call) step(by, least int64) *kv.Fold {
	return &kv.Fold{Key: c.record(), Onto: func(record []byte) ([]byte, bool) {
		v, ok := value.DecodeSemaphore(&kv.Item{Value: record})
		v.Permits += by
		return v.Encode(), ok && v.Permits >= least && v.Permits <= int64(MaxPermits)
	}}
}

// adoptTaken takes up what an earlier attempt of the request took, so that it is not given back. It may have told.
func (c *claim) adoptTaken(s scene, m remembered) kv.Step {
	switch over := c.superseded(m.By, m.Attempt); {
	case over && c.Pending():
		return c.settle() // the memo may be gone, with what was taken, before a ticket of its own comes
	case over:
		return c.Refuse(ErrWaitCancelled)
	}
	c.rival, c.inherited = m.By, true
	m.By, m.Attempt = c.by, c.attempt
	return c.commit(kv.Txn{If: []kv.Compare{kv.Unchanged(s.memo)}, Then: []kv.Op{c.rewrite(m)}})
}

// giveBack returns to the record what the memo says was taken; then comes what becomes of the memo. What was taken of a
// semaphore that was destroyed since is gone with it.
func (c *call) giveBack(s scene, m remembered, then kv.Op) kv.Txn {
	t := kv.Txn{If: []kv.Compare{kv.Unchanged(s.memo)}, Then: []kv.Op{then}}
	if s.record != nil && !s.damaged && s.record.Create == m.Record {
		v := s.value
		v.Permits = min(v.Permits+m.Permits, int64(MaxPermits))
		t.If = append(t.If, kv.Unchanged(s.record))
		t.Then = append(t.Then, c.putRecord(v))
	}
	return t
}

// rewrite replaces the request's memo.
func (c *call) rewrite(r remembered) kv.Op {
	n := c.note(r)
	return kv.Put(n.Key, n.Value, kv.LeaseID(c.shelf))
}

// leaveTaken is leave for a call without a session.
func (c *claim) leaveTaken(s scene) kv.Step {
	if s.memo == nil {
		return c.leave(s)
	}
	m := recalled(s.memo)
	switch mine := m.Answer == acquired && m.By == c.by && !c.inherited; {
	case !mine && c.Pending():
		return c.settle()
	case !mine:
		return c.End()
	case !c.graceOver:
		return kv.Wait
	}
	return c.commit(c.giveBack(s, m, kv.Delete(s.memo.Key))) // as if it had never been asked: a retry may still come
}
