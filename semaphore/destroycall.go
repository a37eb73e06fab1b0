package semaphore

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/session"
)

// DestroyCall removes a semaphore, its record and all tickets, in one transaction.
type DestroyCall struct {
	call
	tried  kv.Revision // the record that is to be deleted, the first one seen; 0 for none
	answer bool
}

// NewDestroyCall returns the call that destroys the semaphore.
func NewDestroyCall(space keys.Space, n keys.Name, shelf Shelf, now time.Time) *DestroyCall {
	return &DestroyCall{call: call{space: space, name: n, shelf: shelf, now: now.UTC()}}
}

// Answer reports, of a call that is done, whether it destroyed the semaphore.
func (c *DestroyCall) Answer() (bool, error) { return c.answer, c.Err() }

// Keys implements store.Call.
func (c *DestroyCall) Keys() []string { return []string{c.record()} }

// Next implements store.Call.
func (c *DestroyCall) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	s := c.look(v)
	switch {
	case c.tried != 0 && (s.record == nil || s.record.Create != c.tried):
		// By others, unless it may be by a transaction of this call whose outcome got lost. A newer one stays.
		c.answer = c.Doubtful()
		return c.End()
	case !c.Fresh():
		return kv.Barrier // the first one seen is the one that is meant
	case s.record == nil:
		return c.End()
	}
	c.tried = s.record.Create
	t := kv.Txn{
		If:   []kv.Compare{kv.Unchanged(s.record)},
		Then: []kv.Op{kv.Delete(s.record.Key), kv.DeleteAll(s.prefix)},
	}
	return c.Send(c.late(s, t))
}

// late adds the memos that keep earlier attempts of what is destroyed from coming into line anew, or from initializing
// it unknown to all.
func (c *DestroyCall) late(s scene, t kv.Txn) kv.Txn {
	notes := map[session.ID][]memo.Note{}
	if !s.damaged {
		r := remembered{Answer: initialized, At: c.now}
		notes[0] = append(notes[0], r.note(c.space.SemaphoreMemo(0, c.name, s.value.Request)))
	}
	for n := range s.line.Len() {
		i := s.line.At(n)
		_, request, _ := keys.ParseSemaphoreTicket(s.prefix, i.Key)
		sid, ticket, foreign := value.ReadTicket(s.prefix, i)
		if foreign || !ticket.Retried {
			continue
		}
		r := remembered{Answer: destroyed, At: c.now}
		notes[session.ID(sid)] = append(notes[session.ID(sid)], r.note(c.space.SemaphoreMemo(sid, c.name, request)))
	}
	for id, all := range notes {
		if id == 0 {
			t.Then = append(t.Then, c.keep(s, all...)...)
		} else if marker := session.Live(s.view, id); marker != nil {
			t.If = append(t.If, kv.Unchanged(marker))
			t.Then = append(t.Then, memo.Keep(s.view, kv.LeaseID(id), all...)...)
		}
	}
	return t
}

// Committed implements store.Call.
func (c *DestroyCall) Committed(r kv.Result) {
	c.told(r)
	if r.Succeeded {
		c.answer = true
		c.End()
	}
}
