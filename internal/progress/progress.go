// Package progress is what every call keeps of its own way to an answer: how fresh its view has to be, whether a
// transaction of its own may still be on its way, and whether the answer stands. The calls of the primitives embed it.
// It is pure.
package progress

import (
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Call is the progress of one call. The zero value is a call that has not begun. With Signal and Loose it completes a
// store.Call that waits for nothing and puts nothing in line.
type Call struct {
	seen  kv.Revision // views before this one are too old
	fresh bool        // views at seen are not older than the call
	over  bool        // err, or the call's own answer, stands
	err   error

	pending bool // a transaction was sent, and what came of it is not known yet
	unsure  bool // and of an earlier one it never was: it may come late
	turn    bool // the turn to change something is asked for
	inTurn  bool // it was, in the last step
}

// Looks says whether the call may look at v; else which step comes first.
func (c *Call) Looks(v mirror.View) (kv.Step, bool) {
	c.inTurn, c.turn = c.turn, false
	switch {
	case c.over:
		return kv.Done, false
	case v.Revision() < c.seen:
		return kv.See(c.seen), false
	}
	return kv.Step{}, true
}

// Looked implements store.Call.
func (c *Call) Looked(r kv.Revision) {
	c.seen = max(c.seen, r)
	c.fresh = true
}

// Signal implements store.Call.
func (c *Call) Signal(kv.Signal) {}

// Loose implements store.Call.
func (c *Call) Loose() bool { return false }

// Fresh reports whether what the call sees is not older than the call itself (X3).
func (c *Call) Fresh() bool { return c.fresh }

// Outdate makes what the call has seen too old for a no.
func (c *Call) Outdate() { c.fresh = false }

// Over reports whether the answer stands.
func (c *Call) Over() bool { return c.over }

// Reopen takes the answer back: nobody was told of it.
func (c *Call) Reopen() { c.over = false }

// Err returns the error that the call ended with.
func (c *Call) Err() error { return c.err }

// End ends the call: its answer stands.
func (c *Call) End() kv.Step {
	c.over = true
	return kv.Done
}

// Fail ends the call with err.
func (c *Call) Fail(err error) kv.Step {
	c.err = err
	return c.End()
}

// Refuse ends the call with err, which says no: it needs a view that is not older than the call (X3).
func (c *Call) Refuse(err error) kv.Step {
	if !c.fresh {
		return kv.Barrier
	}
	return c.Fail(err)
}

// Send has t committed.
func (c *Call) Send(t kv.Txn) kv.Step {
	c.unsure, c.pending = c.Doubtful(), true
	return kv.Commit(t)
}

// SendInTurn has t, which changes what, committed in turn. The call looks again in between, and may come to something
// else.
func (c *Call) SendInTurn(what string, t kv.Txn) kv.Step {
	if !c.inTurn {
		c.turn = true
		return kv.Step{Turn: what, Folds: t.Fold != nil}
	}
	return c.Send(t)
}

// Told notes what came of the transaction.
func (c *Call) Told(r kv.Result) {
	c.Looked(r.Revision)
	c.pending = false
}

// Pending reports whether it is not known what came of the last transaction.
func (c *Call) Pending() bool { return c.pending }

// Twins reports whether the last transaction and one before it may both be committed without the call's knowing: what is
// there may be the work of one of them, and the other still come.
func (c *Call) Twins() bool { return c.pending && c.unsure }

// Doubtful reports, when the call looks, whether a transaction of its own may be committed without its knowing. One
// that failed for certain never is.
func (c *Call) Doubtful() bool { return c.pending || c.unsure }
