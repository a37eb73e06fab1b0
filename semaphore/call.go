package semaphore

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/progress"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/session"
)

// Shelf is the lease that memos without a session are put on: it lives for the ten minutes that they are promised for.
type Shelf kv.LeaseID

// call is what the calls of this package have in common.
type call struct {
	progress.Call
	space   keys.Space
	name    keys.Name
	caller  Caller
	request string
	attempt int32
	shelf   Shelf
	now     time.Time

	pause  string // the pause that the call is resting for
	rested bool   // for as long as it wanted to
	lifted bool   // and has lifted it, or tried

	refused error // the error that is told if the transaction under way, its memo, succeeds
}

// Err returns the error that the call ended with.
func (c *call) Err() error { return c.Call.Err() }

func (c *call) record() string { return c.space.Semaphore(c.name) }

func (c *call) ticket() string {
	return c.space.SemaphoreTicket(c.name, int64(c.caller.Session), c.request)
}

func (c *call) memo() string {
	return c.space.SemaphoreMemo(int64(c.caller.Session), c.name, c.request)
}

// keys are those that concern the call alone. The record is not among them: it is news to everybody.
func (c *call) keys() []string {
	k := []string{c.ticket(), c.memo()}
	if c.caller.Session != 0 {
		k = append(k, c.space.Session(int64(c.caller.Session)))
	}
	return k
}

// Signal implements store.Call.
func (c *call) Signal(s kv.Signal) { c.rested = c.rested || s == kv.Rested }

// alive reports whether the caller's session lives, if it has one.
func (c *call) alive(s scene) bool { return c.caller.Session == 0 || s.marker != nil }

// admit says whether the caller may ask this semaphore at all; else which step tells why not.
func (c *call) admit(s scene) (kv.Step, bool) {
	switch {
	case !c.alive(s):
		return c.Refuse(session.ErrExpired), false
	case s.damaged:
		return c.Refuse(&keys.DamagedError{Key: s.record.Key}), false
	case s.wrongKind():
		return c.no(s, s.kindError()), false
	}
	return kv.Step{}, true
}

// retried reports whether something else may yet do what the request asks: an earlier attempt, or an earlier
// transaction of this one whose outcome was never known.
func (c *call) retried() bool { return c.attempt > 0 || c.Doubtful() }

// notOver holds when the request was neither answered nor cancelled: whatever does what it asks for asks this.
func (c *call) notOver() kv.Compare { return kv.Absent(c.memo()) }

// live holds as long as the caller's session does.
func (c *call) live(s scene) []kv.Compare {
	if c.caller.Session == 0 {
		return nil
	}
	return []kv.Compare{kv.Unchanged(s.marker)}
}

// note remembers what was answered to the call's own request.
func (c *call) note(r remembered) memo.Note {
	r.At = c.now
	return r.note(c.memo())
}

// keep returns what puts the notes.
func (c *call) keep(s scene, notes ...memo.Note) []kv.Op {
	if c.caller.Session != 0 {
		return memo.Keep(s.view, kv.LeaseID(c.caller.Session), notes...)
	}
	return memo.KeepShared(s.view, c.space.SemaphoreMemos(0, c.name), kv.LeaseID(c.shelf), notes...)
}

// no ends the call with err. Where something else may yet do what the request asks, it says so with a memo: that finds
// the memo and comes to nothing. Never is there a memo beside a ticket of the same request.
func (c *call) no(s scene, err error) kv.Step {
	if !c.Fresh() || !c.retried() || s.item != nil || s.memo != nil {
		return c.Refuse(err)
	}
	c.refused = err
	return c.Send(kv.Txn{
		If:   append(c.live(s), c.notOver(), kv.Absent(c.ticket())),
		Then: c.keep(s, c.note(remembered{Answer: refusal(err)})),
	})
}

// told notes what came of the transaction. The call is over if that was its no.
func (c *call) told(r kv.Result) {
	c.Told(r)
	if r.Succeeded && c.refused != nil {
		c.Fail(c.refused)
	}
}

// again is the error of what was answered no before; nil where the answer was yes.
func again(m remembered) error { return refusals[m.Answer] }

// hold is the time for which others are asked to hold back, at the most.
const hold = 100 * time.Millisecond

// rest says which step comes first where another call has asked for a pause. Who has rested for as long as it wanted
// takes the pause to be forgotten, and lifts it for everybody. But once only: the other call may ask for it again, and
// those who had rested would do nothing but lift it.
func (c *call) rest(s scene) (kv.Step, bool) {
	asked := s.value.Pause
	if asked == "" || asked == c.request {
		return kv.Step{}, false
	}
	if c.pause != asked {
		c.pause, c.rested, c.lifted = asked, false, false
	}
	switch {
	case !c.rested:
		return kv.Step{Rest: &kv.Rest{While: s.record, For: hold}}, true
	case c.lifted:
		return kv.Step{}, false
	}
	step := c.lift(s)
	c.lifted = step.Commit != nil
	return step, true
}

// lift removes a pause.
func (c *call) lift(s scene) kv.Step {
	v := s.value
	v.Pause = ""
	return c.SendInTurn(c.record(), kv.Txn{If: []kv.Compare{kv.Unchanged(s.record)}, Then: []kv.Op{c.putRecord(v)}})
}

// putRecord writes the record.
func (c *call) putRecord(v value.Semaphore) kv.Op { return kv.Put(c.record(), v.Encode(), 0) }
