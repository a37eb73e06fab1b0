package countdownlatch

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// CountDownCall is one CountDownRequest on its way.
type CountDownCall struct {
	call
	req     CountDownRequest
	now     time.Time
	tried   Round // in which the last transaction was to arrive
	arrived bool  // and did
	answer  CountDownAnswer
}

// NewCountDownCall returns the call that answers r.
func NewCountDownCall(space keys.Space, r CountDownRequest, now time.Time) *CountDownCall {
	return &CountDownCall{call: newCall(space, r.Name), req: r, now: now.UTC()}
}

// Answer returns the answer of a call that is done.
func (c *CountDownCall) Answer() (CountDownAnswer, error) { return c.answer, c.Err() }

// Next implements store.Call.
func (c *CountDownCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := look(v, c.name)
	switch {
	case s.damaged() != nil:
		return c.Refuse(s.damaged())
	case c.arrived:
		return c.say(s)
	case c.ahead(s):
		return c.Refuse(ErrFutureRound)
	case c.vain(s), s.arrived(c.req.RequestID):
		return c.say(s)
	case c.unsure(s):
		return c.Fail(errUnsure)
	case v.Arrivals(s.group, int64(s.round())) >= MaxCount:
		return c.Refuse(ErrTooManyArrivals)
	}
	return c.arrive(s)
}

// Committed implements store.Call.
func (c *CountDownCall) Committed(r kv.Result) {
	c.Told(r)
	c.arrived = r.Succeeded
}

// ahead reports whether the round asked for was not reached yet. Where the latch is not there, it may have been
// destroyed: then any round is over that etcd has come to.
func (c *CountDownCall) ahead(s scene) bool {
	if s.record == nil {
		return c.req.Round > Round(s.view.Revision())
	}
	return c.req.Round > s.round()
}

// vain reports whether an arrival would change nothing.
func (c *CountDownCall) vain(s scene) bool {
	return s.remaining == 0 || c.req.Round != 0 && c.req.Round < s.round()
}

// unsure reports whether a transaction of this call whose outcome got lost may have arrived in a round that counts no
// more. In the one that is on it may still come, and finds what is put in its stead; in the last one it would be there.
func (c *CountDownCall) unsure(s scene) bool { return c.Doubtful() && !s.counts(c.tried) }

// arrive puts the arrival, on condition that the round is still on and that the request did not arrive in it yet (C2).
// Whether it arrived in the last one was seen: nobody can any more while this one is on. What remains is no condition:
// other arrivals would change it, and one too many is none at all.
func (c *CountDownCall) arrive(s scene) kv.Step {
	c.tried = s.round()
	key := s.arrival(c.tried, c.req.RequestID)
	return c.Send(kv.Txn{
		If:   []kv.Compare{kv.Unchanged(s.record), kv.Absent(key)},
		Then: []kv.Op{kv.Put(key, arrival{At: c.now}.encode(), 0)},
	})
}

// say answers with what is seen, which must not be older than the call (X3), nor than its own arrival.
func (c *CountDownCall) say(s scene) kv.Step {
	if !c.Fresh() {
		return kv.Barrier
	}
	c.answer = CountDownAnswer{Remaining: s.remaining, Round: s.round()}
	return c.End()
}
