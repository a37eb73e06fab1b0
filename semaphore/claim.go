package semaphore

import (
	"fmt"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/session"
)

// errRemoved asks for another attempt.
var errRemoved = fmt.Errorf("%w: the ticket was removed from the line", store.ErrUnavailable)

// claim is what the calls have in common that put a ticket on a session, or on nobody: who may tell of the ticket, who
// may give it up, and what becomes of it when nobody can be told.
type claim struct {
	call
	by    string // names this call in the ticket
	rival string // the call whose ticket this one last tried to take up

	born   kv.Revision // the create revision of the session's marker when this call touched the line
	of     kv.Revision // the create revision of the record when the ticket was last seen; 0 for none
	mineAt kv.Revision // the create revision of the ticket that this call touched; 0 before

	sent      bool        // a transaction was sent
	touches   bool        // the one under way touches the ticket
	touch     kv.Revision // which one; 0 means a new one
	unjudged  bool        // whether an earlier attempt may have told of the ticket is to be seen
	inherited bool        // it may have: this call never takes the ticket back

	removes bool // a transaction was sent that deletes the ticket: what came of it unknown, it may come late

	left, graceOver bool
}

// Keys implements store.Call.
func (c *claim) Keys() []string { return c.keys() }

// Signal implements store.Call.
func (c *claim) Signal(s kv.Signal) {
	c.call.Signal(s)
	switch s {
	case kv.Left:
		c.left = true
		c.Reopen()
	case kv.GraceOver:
		c.graceOver = true
		c.Outdate() // what is not there now must not come later
	}
}

// mine reports whether this call was the last to touch the request's ticket: only then may it tell of it or give it up.
func (c *claim) mine(s scene) bool { return s.ours && s.ticket.By == c.by }

// attend notes what is seen of this call's own ticket. A ticket taken up from an earlier attempt that does not hold at
// the first look never held before it was taken up: that attempt can't have told that it does.
func (c *claim) attend(s scene) {
	c.mineAt = s.item.Create
	if s.record != nil {
		c.of = s.record.Create
	}
	if s.marker != nil {
		c.born = s.marker.Create
	}
	if c.unjudged {
		c.unjudged, c.inherited = false, s.admitted()
	}
}

// commit has a transaction committed that puts no ticket.
func (c *claim) commit(t kv.Txn) kv.Step {
	c.sent = true
	return c.Send(t)
}

// settle sees to it that nothing of this call's is on its way any more.
func (c *claim) settle() kv.Step { return c.commit(kv.Settle(c.ticket())) }

// touching has a transaction committed that puts the ticket: a new one, or the one of that revision again.
func (c *claim) touching(s scene, ticket kv.Revision, t kv.Txn) kv.Step {
	if s.marker != nil {
		c.born = s.marker.Create
	}
	if c.of = 0; s.record != nil {
		c.of = s.record.Create
	}
	c.touches, c.touch, c.unjudged, c.inherited = true, ticket, ticket != 0, false
	return c.commit(t)
}

// putTicket writes the ticket that this call puts in line.
func (c *claim) putTicket(permits int64) kv.Op {
	t := value.Ticket{
		Permits: permits, Owner: c.caller.Owner, By: c.by, Attempt: c.attempt, Retried: c.retried(), Since: c.now,
	}
	return kv.Put(c.ticket(), t.Encode(), kv.LeaseID(c.caller.Session))
}

// inTurn has a transaction committed that puts a new ticket and fails whenever another one comes before it.
func (c *claim) inTurn(s scene, t kv.Txn) kv.Step {
	step := c.SendInTurn(c.record(), t)
	if step.Commit != nil {
		c.born, c.of = s.marker.Create, s.record.Create
		c.sent, c.touches, c.touch, c.unjudged, c.inherited = true, true, 0, false, false
	}
	return step
}

// committed notes what came of the transaction, and reports whether it succeeded.
func (c *claim) committed(r kv.Result) bool {
	c.told(r)
	if r.Succeeded && c.touches {
		c.mineAt = c.touch
		if c.touch == 0 {
			c.mineAt = r.Revision
		}
	}
	return r.Succeeded
}

// superseded reports whether a later attempt has touched what this one finds under its request.
func (c *claim) superseded(by string, attempt int32) bool {
	// A call that never heard what came of its own transaction may meet one that took its ticket up: that is later.
	taken := c.Doubtful() && attempt == c.attempt && by != c.rival && by != swept
	return attempt > c.attempt || taken
}

// admit says whether the caller may ask this semaphore at all; else which step tells why not. A ticket that stands in the
// line of the other kind goes with that answer, whichever attempt put it: nobody was ever told of it.
func (c *claim) admit(s scene) (kv.Step, bool) {
	if !s.ours || !s.wrongKind() || c.caller.Session != 0 && s.marker == nil {
		return c.call.admit(s)
	}
	c.refused = s.kindError()
	return c.commit(kv.Txn{
		If:   append(c.live(s), c.notOver(), kv.Unchanged(s.item)),
		Then: append(c.keep(s, c.note(remembered{Answer: refusal(c.refused)})), kv.Delete(s.item.Key)),
	}), false
}

// adopt takes up the ticket that an earlier attempt of the same request left. The put keeps the create revision, so the
// place stays; that attempt can't give the ticket up any more, nor, should it come late, take it back.
func (c *claim) adopt(s scene) kv.Step {
	switch over := c.superseded(s.ticket.By, s.ticket.Attempt); {
	case over && c.Pending():
		return c.settle() // or a ticket of its own might come that no call attends
	case over:
		return c.Refuse(ErrWaitCancelled)
	}
	c.rival = s.ticket.By
	t := s.ticket
	t.By, t.Attempt, t.Retried = c.by, c.attempt, true
	return c.touching(s, s.item.Create, kv.Txn{
		If:   append(c.live(s), kv.Unchanged(s.item), c.notOver()),
		Then: []kv.Op{kv.Put(s.item.Key, t.Encode(), s.item.Lease)},
	})
}

// leave waits, for a caller that is gone, until the grace is over or a retry takes the ticket up; then the ticket goes,
// held or not: nobody was told of it (X2).
func (c *claim) leave(s scene) kv.Step {
	// One that was swept from this call, while its gateway was thought dead, nobody else can have told of.
	from := s.ours && s.ticket.By == swept && s.item.Create == c.mineAt && s.ticket.Attempt == c.attempt
	mine := c.mine(s) || from
	switch {
	case !c.graceOver && (mine || c.mineAt == 0):
		return kv.Wait
	case mine && !c.inherited:
		return c.withdraw(s)
	case !mine && !c.Fresh():
		return kv.Barrier
	case !mine && c.Pending():
		return c.settle()
	}
	return c.End()
}

// withdraw takes the ticket back.
func (c *claim) withdraw(s scene) kv.Step {
	c.removes = true
	return c.commit(kv.Txn{If: []kv.Compare{kv.Unchanged(s.item)}, Then: []kv.Op{kv.Delete(s.item.Key)}})
}

// destroyed reports whether the semaphore in whose line the ticket stood is gone.
func (c *claim) destroyed(s scene) bool {
	return c.of != 0 && (s.record == nil || s.record.Create != c.of)
}

// lost is why the ticket is not this call's own any more, where neither a memo nor the semaphore tells.
func (c *claim) lost(s scene) error {
	switch {
	case c.caller.Session != 0 && (s.marker == nil || s.marker.Create != c.born):
		return session.ErrExpired
	case s.item != nil && !s.ours:
		return &keys.DamagedError{Key: s.item.Key}
	case s.item != nil:
		return ErrWaitCancelled // a later attempt tells
	}
	return errRemoved
}
