package countdownlatch

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

// SetCall is one SetRequest on its way: first it begins the round, then it deletes what rounds long over left.
type SetCall struct {
	call
	req    SetRequest
	ends   Round // the round that the transaction under way ends; 0: that of a latch never set
	answer SetAnswer
}

// NewSetCall returns the call that answers r.
func NewSetCall(space keys.Space, r SetRequest) *SetCall {
	return &SetCall{call: newCall(space, r.Name), req: r}
}

// Answer returns the answer of a call that is done.
func (c *SetCall) Answer() (SetAnswer, error) { return c.answer, c.Err() }

// Next implements store.Call.
func (c *SetCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := look(v, c.name)
	switch {
	case c.answer.Set:
		return c.clear(s)
	case c.req.Count < 1 || c.req.Count > MaxCount:
		return c.Fail(ErrCountOutOfRange)
	case s.damaged() != nil:
		return c.Refuse(s.damaged())
	case s.record != nil && s.latch.Request == c.req.RequestID:
		return c.repeat(s)
	case c.unsure(s):
		return c.Fail(errUnsure)
	case s.remaining > 0:
		return c.refuse(s)
	}
	return c.begin(s)
}

// Committed implements store.Call.
func (c *SetCall) Committed(r kv.Result) {
	c.Told(r)
	if r.Succeeded && !c.answer.Set {
		c.answer = SetAnswer{Set: true, Round: Round(r.Revision)}
	}
}

// begin puts the record anew. Once reached, zero stays reached for as long as the round is on, so it is enough that the
// record is what was seen.
func (c *SetCall) begin(s scene) kv.Step {
	c.ends = s.round()
	as := kv.Absent(s.view.Space().Latch(c.name))
	if s.record != nil {
		as = kv.Unchanged(s.record)
	}
	record := value.Latch{Count: c.req.Count, Last: int64(c.ends), Request: c.req.RequestID}
	return c.Send(kv.Txn{
		If:   []kv.Compare{as},
		Then: []kv.Op{kv.Put(s.view.Space().Latch(c.name), record.Encode(), 0)},
	})
}

// repeat answers what was answered to the request before, or to a transaction of this call whose outcome got lost.
func (c *SetCall) repeat(s scene) kv.Step {
	switch {
	case !c.Fresh():
		return kv.Barrier
	case c.Pending() && c.ends == 0:
		// One on its way that is on condition of no latch had better come now than when this one is destroyed.
		return c.Send(kv.Settle(s.record.Key))
	}
	c.answer = SetAnswer{Set: true, Round: s.round()}
	return c.clear(s)
}

// refuse says that something remains, of a round that others began.
func (c *SetCall) refuse(s scene) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	c.answer = SetAnswer{Round: s.round()}
	return c.End()
}

// unsure reports whether a transaction of this call whose outcome got lost may have begun a round that is over by now.
// It has not, and comes to nothing if it still comes, when the round that it was to end is still on, or was ended by
// the one that is. A latch that was and is not there could only have been set and destroyed meanwhile: then setting it
// anew is what a repeat would do too.
func (c *SetCall) unsure(s scene) bool {
	return c.Doubtful() && s.round() != c.ends && (c.ends == 0 || s.last() != c.ends)
}
