package fencedlock

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// scene is what one caller sees of one lock at one revision.
type scene struct {
	view   mirror.View
	name   keys.Name
	caller Caller
	spots  spots
	marker *kv.Item // the caller's session, nil when it is gone
	line   *line.Line
	item   *kv.Item // the caller's own key in the line, nil when there is none
	value  value    // what it says, when ours
	ours   bool     // cpgate wrote it, on the session's lease
}

func (c *call) look(v mirror.View) scene {
	s := scene{
		view: v, name: c.name, caller: c.caller, spots: c.spots,
		marker: session.LiveAt(v, c.spots.marker, c.caller.Session),
		line:   v.Line(c.spots.line),
		item:   v.Get(c.spots.ticket),
	}
	if s.item != nil && s.item.Lease == kv.LeaseID(c.caller.Session) {
		s.value, s.ours = decode(s.item)
	}
	return s
}

// holds reports whether the caller's ticket is the first in line.
func (s scene) holds() bool { return s.ours && s.line.Head() == s.item }

// memo returns what is remembered of the lock request, nil when nothing is.
func (s scene) memo(request string) *kv.Item {
	return s.view.Get(s.memoKey(request))
}

func (s scene) memoKey(request string) string {
	return s.view.Space().LockMemo(int64(s.caller.Session), s.name, request)
}

// forced reports whether the caller's hold under that fence was taken away by force.
func (s scene) forced(f Fence) bool {
	i := s.view.Get(s.view.Space().Forced(int64(s.caller.Session), s.name, int64(f)))
	return i != nil && recalled(i).Owner == s.caller.Owner
}

// put returns what writes the caller's ticket.
func (s scene) put(v value) kv.Op {
	return kv.Put(s.spots.ticket, v.encode(), kv.LeaseID(s.caller.Session))
}

// ahead returns a ticket in front of the caller's, nil when it is first or not in line: as long as it is there,
// the caller does not hold. The one half way is taken, since both the head and the neighbour come and go.
func (s scene) ahead() *kv.Item {
	n := s.line.Index(s.item)
	if n <= 0 {
		return nil
	}
	return s.line.At(n / 2)
}

// holder describes the first ticket, nil when the lock is free.
func (s scene) holder() *Ticket {
	if s.line.Len() == 0 {
		return nil
	}
	t := describe(s.spots.line, s.line.Head(), 0)
	return &t
}

// describe tells people of a ticket.
func describe(line string, i *kv.Item, position int) Ticket {
	t := Ticket{Key: i.Key, Fence: Fence(i.Create), Position: position}
	sid, owner, ok := keys.ParseLockTicket(line, i.Key)
	v, readable := decode(i)
	if !ok || !readable || i.Lease != kv.LeaseID(sid) {
		t.Foreign = true
		return t
	}
	t.Caller = Caller{Session: session.ID(sid), Owner: owner}
	t.Since = v.Since
	return t
}
