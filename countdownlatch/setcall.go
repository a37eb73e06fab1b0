package countdownlatch

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

// SetCall is one SetRequest on its way: first it begins the round, then it deletes what rounds long over left.
type SetCall struct {
	call
	req     SetRequest
	space   keys.Space
	shelf   kv.LeaseID
	now     time.Time
	promise SetAnswer // what is answered if the transaction under way succeeds
	answer  SetAnswer
}

// NewSetCall returns the call that answers r. shelf is the lease that its memo is put on.
func NewSetCall(space keys.Space, r SetRequest, shelf kv.LeaseID, now time.Time) *SetCall {
	c := &SetCall{call: newCall(space, r.Name), req: r, space: space, shelf: shelf, now: now.UTC()}
	c.keys = append(c.keys, c.memo())
	return c
}

// Answer returns the answer of a call that is done.
func (c *SetCall) Answer() (SetAnswer, error) { return c.answer, c.Err() }

// Next implements store.Call.
func (c *SetCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := look(v, c.name)
	switch memo := v.Get(c.memo()); {
	case c.answer.Set:
		return c.clear(s)
	case c.req.Count < 1 || c.req.Count > MaxCount:
		return c.Fail(ErrCountOutOfRange)
	case memo != nil:
		return c.repeat(s, memo)
	case s.damaged() != nil:
		return c.Refuse(s.damaged())
	case s.remaining > 0:
		return c.refuse(s)
	}
	return c.begin(s)
}

// Committed implements store.Call.
func (c *SetCall) Committed(r kv.Result) {
	c.Told(r)
	switch {
	case !r.Succeeded || c.answer.Set:
	case c.promise.Set:
		c.answer = SetAnswer{Set: true, Round: Round(r.Revision)}
	default:
		c.answer = c.promise
		c.End()
	}
}

// begin puts the record anew. Once reached, zero stays reached for as long as the round is on, so it is enough that the
// record is what was seen.
func (c *SetCall) begin(s scene) kv.Step {
	c.promise = SetAnswer{Set: true}
	as := kv.Absent(c.space.Latch(c.name))
	if s.record != nil {
		as = kv.Unchanged(s.record)
	}
	record := value.Latch{Count: c.req.Count, Last: int64(s.round())}
	return c.Send(kv.Txn{
		If:   []kv.Compare{as, c.notOver()},
		Then: append(c.keep(s, remembered{Set: true}), kv.Put(c.space.Latch(c.name), record.Encode(), 0)),
	})
}

// repeat answers what was answered to the request before, or would have been: an earlier attempt did it, or a
// transaction of this one whose outcome got lost.
func (c *SetCall) repeat(s scene, memo *kv.Item) kv.Step {
	answer, err := recalled(memo)
	if err != nil {
		return c.Refuse(err)
	}
	c.answer = answer
	if !answer.Set {
		return c.End()
	}
	return c.clear(s)
}

// refuse says that something remains, of a round that others began. Where something else may yet begin one for the
// request, it says so with a memo: that finds the memo and comes to nothing.
func (c *SetCall) refuse(s scene) kv.Step {
	c.promise = SetAnswer{Round: s.round()}
	switch {
	case !c.Fresh():
		return kv.Barrier
	case c.req.Attempt == 0 && !c.Doubtful():
		c.answer = c.promise
		return c.End()
	}
	return c.Send(kv.Txn{If: []kv.Compare{c.notOver()}, Then: c.keep(s, remembered{Round: s.round()})})
}

func (c *SetCall) memo() string { return c.space.LatchMemo(c.name, c.req.RequestID) }

// notOver holds when the request was not answered: whatever does what it asks for asks this.
func (c *SetCall) notOver() kv.Compare { return kv.Absent(c.memo()) }

// keep returns what puts the memo.
func (c *SetCall) keep(s scene, r remembered) []kv.Op {
	r.At = c.now
	return memo.KeepShared(s.view, c.space.LatchMemos(c.name), c.shelf, memo.Note{Key: c.memo(), Value: r.encode()})
}
