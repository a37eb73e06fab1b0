package semaphore

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/session"
)

// scene is what one call sees of one semaphore at one revision.
type scene struct {
	view    mirror.View
	caller  Caller
	marker  *kv.Item // the caller's session, nil when it is gone or there is none
	prefix  string   // of the tickets
	line    *line.Line
	record  *kv.Item // nil before the semaphore is initialized
	value   value.Semaphore
	damaged bool // the record can't be read

	item   *kv.Item // the request's own key in the line, nil when there is none
	ticket value.Ticket
	ours   bool     // cpgate wrote it, on the session's lease
	memo   *kv.Item // what is remembered of the request, nil when nothing is
}

// look looks anew: nothing that the last transaction was to bring counts any more.
func (c *call) look(v mirror.View) scene {
	c.refused = nil
	s := scene{
		view: v, caller: c.caller, prefix: c.space.SemaphoreLine(c.name),
		item: v.Get(c.ticket()), memo: v.Get(c.memo()),
	}
	if c.caller.Session != 0 {
		s.marker = session.Live(v, c.caller.Session)
	}
	s.line = v.Line(s.prefix)
	var readable bool
	s.record, s.value, readable = v.Semaphore(s.prefix)
	s.damaged = s.record != nil && !readable
	if s.item != nil && s.item.Lease == kv.LeaseID(c.caller.Session) {
		s.ticket, s.ours = value.DecodeTicket(s.item)
	}
	return s
}

// wrongKind reports whether the call was meant for the other kind of semaphore. Before it is initialized it has none.
func (s scene) wrongKind() bool {
	return s.record != nil && !s.damaged && s.value.Sessionless != (s.caller.Session == 0)
}

// kindError says which kind the semaphore is.
func (s scene) kindError() error {
	if s.value.Sessionless {
		return errSessionless
	}
	return errSessionAware
}

// available is how many permits nobody holds; it may be less than 0.
func (s scene) available() int64 {
	return s.value.Permits - int64(s.line.Held())
}

// free is what callers are told to be available.
func (s scene) free() Permits { return clamp(s.available()) }

// clamp brings what only keys of others' making can exceed into the range of permits.
func clamp(n int64) Permits { return Permits(min(max(n, int64(MinPermits)), int64(MaxPermits))) }

// waited reports whether anybody waits.
func (s scene) waited() bool { return s.line.Len() > s.line.Admitted() }

// admits reports whether that many permits would be given at once: they are there, and nobody waits for any.
func (s scene) admits(n Permits) bool {
	return s.record != nil && !s.damaged && !s.waited() && s.available() >= int64(n)
}

// admitted reports whether the request's own ticket holds.
func (s scene) admitted() bool { return s.ours && s.isAdmitted(s.item) }

func (s scene) isAdmitted(i *kv.Item) bool {
	n := s.line.Index(i)
	return n >= 0 && n < s.line.Admitted()
}

// position of the request's own ticket among those who wait: 1 is next.
func (s scene) position() int { return s.line.Index(s.item) - s.line.Admitted() + 1 }

// same holds as long as the semaphore is the one that is seen: it is neither destroyed nor newly initialized.
func (c *call) same(s scene) kv.Compare {
	if s.record == nil {
		return kv.Absent(c.record())
	}
	return kv.Same(s.record)
}

// own is a ticket of a session.
type own struct {
	item    *kv.Item
	value   value.Ticket
	request string
}

// held returns the tickets of the caller's session that hold, in the order of their keys.
func (s scene) held() (all []own) {
	mine := s.prefix + keys.Hex(int64(s.caller.Session)) + "."
	s.view.Scan(mine, "", func(i *kv.Item) bool {
		_, request, ok := keys.ParseSemaphoreTicket(s.prefix, i.Key)
		t, readable := value.DecodeTicket(i)
		if ok && readable && i.Lease == kv.LeaseID(s.caller.Session) && s.isAdmitted(i) {
			all = append(all, own{i, t, request})
		}
		return true
	})
	return all
}
