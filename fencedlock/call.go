package fencedlock

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
)

// call is what the calls of this package have in common.
type call struct {
	name   keys.Name
	caller Caller
	keys   []string
	now    time.Time

	seen  kv.Revision // views before this one are too old
	fresh bool        // views at seen are not older than the call
	over  bool        // err, or the call's own answer, stands
	err   error

	pending bool // a transaction was sent, and what came of it is not known yet
	unsure  bool // and of an earlier one it never was: it may come late
}

func newCall(space keys.Space, n keys.Name, who Caller, now time.Time) call {
	return call{
		name: n, caller: who, now: now.UTC(),
		keys: []string{ticketKey(space, n, who), space.Session(int64(who.Session))},
	}
}

// Keys implements store.Call.
func (c *call) Keys() []string { return c.keys }

// Looked implements store.Call.
func (c *call) Looked(r kv.Revision) {
	c.seen = max(c.seen, r)
	c.fresh = true
}

// Signal implements store.Call for the calls that don't wait.
func (c *call) Signal(kv.Signal) {}

// Loose implements store.Call for the calls that put nothing in line.
func (c *call) Loose() bool { return false }

// send has t committed.
func (c *call) send(t kv.Txn) kv.Step {
	c.unsure, c.pending = c.doubtful(), true
	return kv.Commit(t)
}

// told notes what came of the transaction.
func (c *call) told(r kv.Result) {
	c.Looked(r.Revision)
	c.pending = false
}

// doubtful reports, when the call looks, whether a transaction of its own may be committed without its knowing. One
// that failed for certain never is.
func (c *call) doubtful() bool { return c.pending || c.unsure }

// note says what became of a request of the caller.
func (c *call) note(s scene, request string, a memoAnswer) note {
	return note{s.memoKey(request), memo{Answer: a, At: c.now}}
}

// fail ends the call with err, which says no: it needs a view that is not older than the call (X3).
func (c *call) fail(err error) kv.Step {
	if !c.fresh {
		return kv.Barrier
	}
	c.err, c.over = err, true
	return kv.Done
}
