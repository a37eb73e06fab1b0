package semaphore

import (
	"cmp"
	"slices"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

// ReleaseCall is one ReleaseRequest on its way.
type ReleaseCall struct {
	call
	req     ReleaseRequest
	tried   own            // the ticket that a transaction of this call is to delete; its item is nil for none
	promise *ReleaseAnswer // the answer, if the transaction under way succeeds
	answer  ReleaseAnswer
}

// NewReleaseCall returns the call that answers r.
func NewReleaseCall(space keys.Space, r ReleaseRequest, shelf Shelf, now time.Time) *ReleaseCall {
	c := &ReleaseCall{req: r, call: call{
		space: space, name: r.Name, caller: r.Caller, request: r.RequestID, attempt: r.Attempt, shelf: shelf, now: now.UTC(),
	}}
	if r.Ticket != "" {
		c.request = r.Ticket // the request whose trace the release removes is all that it is about
	}
	return c
}

// Answer returns the answer of a call that is done.
func (c *ReleaseCall) Answer() (ReleaseAnswer, error) { return c.answer, c.Err() }

// Keys implements store.Call.
func (c *ReleaseCall) Keys() []string { return append(c.keys(), c.record()) }

// Next implements store.Call.
func (c *ReleaseCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	c.promise = nil
	s := c.look(v)
	switch {
	case !c.alive(s):
	case c.req.Ticket != "" && s.item == nil && c.retried(): // what it is about may be gone with its semaphore
		return c.ticketBack(s)
	case c.req.Ticket == "" && s.memo != nil:
		return c.recall(s)
	}
	if step, ok := c.admit(s); !ok {
		return step
	}
	if step, ok := c.rest(s); ok {
		return step
	}
	switch {
	case c.req.Ticket != "":
		return c.ticketBack(s)
	case c.caller.Session == 0:
		return c.count(s)
	}
	return c.some(s)
}

// Committed implements store.Call.
func (c *ReleaseCall) Committed(r kv.Result) {
	c.told(r)
	if r.Succeeded && c.promise != nil {
		c.end(*c.promise)
	}
}

func (c *ReleaseCall) end(a ReleaseAnswer) kv.Step {
	c.answer = a
	return c.End()
}

// recall answers what was answered before.
func (c *ReleaseCall) recall(s scene) kv.Step {
	m := recalled(s.memo)
	if again(m) != nil {
		return c.Fail(again(m)) // a memo stays true
	}
	return c.end(ReleaseAnswer{Released: Permits(m.Permits)})
}

// ticketBack removes a whole ticket: done twice, that is no different.
func (c *ReleaseCall) ticketBack(s scene) kv.Step {
	switch {
	case s.item == nil && c.tried.item != nil && c.Doubtful():
		return c.end(ReleaseAnswer{Released: Permits(c.tried.value.Permits)}) // this call's own transaction, or as good
	case s.item == nil && !c.Fresh():
		return kv.Barrier
	case s.item == nil:
		return c.end(ReleaseAnswer{AlreadyReleased: true})
	case !s.ours:
		return c.Refuse(&keys.DamagedError{Key: s.item.Key})
	case !s.admitted():
		return c.Refuse(ErrPermitsNotHeld)
	}
	c.tried = own{s.item, s.ticket, c.request}
	c.promise = &ReleaseAnswer{Released: Permits(s.ticket.Permits)}
	t := kv.Txn{If: append(c.live(s), kv.Unchanged(s.item)), Then: []kv.Op{kv.Delete(s.item.Key)}}
	if s.ticket.Retried {
		// An earlier attempt of this request was lost and may come late: it must not come into line anew (S4).
		t.Then = append(t.Then, memo.Spare(c.keep(s, c.note(remembered{Answer: acquired, Permits: s.ticket.Got()})))...)
	}
	return c.Send(t)
}

// count adds the permits to those that are available.
func (c *ReleaseCall) count(s scene) kv.Step {
	switch {
	case s.record == nil:
		return c.no(s, ErrNotInitialized)
	case s.value.Permits+int64(c.req.Permits) > int64(MaxPermits):
		return c.no(s, ErrOutOfRange)
	}
	v := s.value
	v.Permits += int64(c.req.Permits)
	return c.releasing(s, c.record(), kv.Txn{
		If:   []kv.Compare{kv.Unchanged(s.record)},
		Then: []kv.Op{c.putRecord(v)},
		Fold: c.step(int64(c.req.Permits), int64(MinPermits)),
	})
}

// releasing has a transaction committed that releases as many permits as asked for, and remembers that it did.
func (c *ReleaseCall) releasing(s scene, what string, t kv.Txn, also ...memo.Note) kv.Step {
	n := int64(c.req.Permits)
	c.promise = &ReleaseAnswer{Released: c.req.Permits}
	t.If = append(t.If, c.notOver())
	t.Then = append(t.Then, c.keep(s, append(also, c.note(remembered{Answer: released, Permits: n}))...)...)
	return c.SendInTurn(what, t)
}

// some gives so many of the session's permits back: the owner's own tickets first, then the oldest. The request of a
// ticket that goes is remembered: an attempt of it that comes late is answered, and does not come into line anew (S4).
func (c *ReleaseCall) some(s scene) kv.Step {
	left := int64(c.req.Permits)
	t := kv.Txn{If: c.live(s)}
	var notes []memo.Note
	for _, h := range c.order(s.held()) {
		if left == 0 {
			break
		}
		if !c.Fresh() && c.others(h) > 0 {
			return kv.Barrier // the owner may have some of its own that are not seen yet
		}
		part := min(left, h.value.Permits)
		left -= part
		t.If = append(t.If, kv.Unchanged(h.item))
		if part == h.value.Permits {
			t.Then = append(t.Then, kv.Delete(h.item.Key))
			notes = append(notes, remembered{Answer: acquired, Permits: h.value.Got(), At: c.now}.note(
				c.space.SemaphoreMemo(int64(c.caller.Session), c.name, h.request)))
			continue
		}
		t.Then = append(t.Then, kv.Put(h.item.Key, shrunk(h.value, part).Encode(), h.item.Lease))
	}
	if left > 0 {
		return c.no(s, ErrPermitsNotHeld)
	}
	return c.releasing(s, s.prefix+keys.Hex(int64(c.caller.Session)), t, notes...)
}

func (c *ReleaseCall) order(all []own) []own {
	slices.SortFunc(all, func(a, b own) int {
		return cmp.Or(cmp.Compare(c.others(a), c.others(b)), line.PlaceOf(a.item).Compare(line.PlaceOf(b.item)))
	})
	return all
}

// others is 0 for a ticket of the caller's owner, 1 for one of another.
func (c *ReleaseCall) others(h own) int {
	if h.value.Owner == c.caller.Owner {
		return 0
	}
	return 1
}

// shrunk returns the ticket without some of its permits; it remembers what it came for.
func shrunk(t value.Ticket, by int64) value.Ticket {
	t.Asked = t.Got()
	t.Permits -= by
	return t
}
