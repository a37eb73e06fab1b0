package sim

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/session"
)

// semState is a semaphore at one moment. It is told from its history and independently of internal/line: once
// admitted, a ticket is admitted for as long as it is there; whoever waits is admitted in order, while it fits.
type semState struct {
	there       bool
	born        kv.Revision // when it was initialized
	sessionless bool
	permits     int64   // that may be held; where sessionless, that are available
	line        []stand // in order: those who hold, then those who wait
}

// stand is a ticket.
type stand struct {
	key      string
	sid      session.ID // 0 for none
	owner    string
	request  string
	create   kv.Revision
	permits  int64
	admitted bool
}

// next returns the state after a revision.
func (s semState) next(name keys.Name, events []kv.Event) semState {
	record := "cp/semaphore/" + string(name)
	s.line = slices.Clone(s.line)
	for _, e := range events {
		if e.Key == record {
			s = s.initialized(e.Item)
		} else if ticket, ok := strings.CutPrefix(e.Key, record+"/"); ok {
			s = s.changed(ticket, e)
		}
	}
	return s.admit()
}

func (s semState) initialized(record *kv.Item) semState {
	s.there, s.born, s.sessionless, s.permits = false, 0, false, 0
	if record == nil {
		return s
	}
	var v struct {
		Permits     int64
		Sessionless bool
	}
	_ = json.Unmarshal(record.Value, &v)
	s.there, s.born, s.sessionless, s.permits = true, record.Create, v.Sessionless, v.Permits
	return s
}

func (s semState) changed(ticket string, e kv.Event) semState {
	n := slices.IndexFunc(s.line, func(t stand) bool { return t.key == e.Key })
	if n >= 0 && (e.Item == nil || e.Item.Create != s.line[n].create) {
		s.line = slices.Delete(s.line, n, n+1)
		n = -1
	}
	if e.Item == nil {
		return s
	}
	var v struct {
		Permits int64
		Owner   string
	}
	_ = json.Unmarshal(e.Item.Value, &v)
	if n >= 0 {
		s.line[n].permits = v.Permits
		return s
	}
	holder, request, _ := strings.Cut(ticket, ".")
	sid, _ := keys.ParseHex(holder)
	s.line = append(s.line, stand{
		key: e.Key, sid: session.ID(sid), owner: v.Owner, request: request, create: e.Item.Create, permits: v.Permits,
	})
	return s
}

func (s semState) admit() semState {
	held := s.held()
	for n := range s.line {
		switch t := &s.line[n]; {
		case t.admitted:
		case !s.there || s.sessionless || held+t.permits > s.permits:
			return s
		default:
			t.admitted = true
			held += t.permits
		}
	}
	return s
}

// held returns what all hold together.
func (s semState) held() int64 {
	return s.sum(func(t stand) bool { return t.admitted })
}

// heldBy returns what a session holds.
func (s semState) heldBy(id session.ID) int64 {
	return s.sum(func(t stand) bool { return t.admitted && t.sid == id })
}

func (s semState) sum(match func(stand) bool) (n int64) {
	for _, t := range s.line {
		if match(t) {
			n += t.permits
		}
	}
	return n
}

// available returns how many permits nobody holds.
func (s semState) available() int64 { return s.permits - s.held() }

// admitted returns how many at the head of the line hold.
func (s semState) admitted() (n int) {
	for n < len(s.line) && s.line[n].admitted {
		n++
	}
	return n
}

// waited reports whether anybody waits.
func (s semState) waited() bool { return s.admitted() < len(s.line) }

// of returns the place of a request in line, -1 for none.
func (s semState) of(request string) int {
	return slices.IndexFunc(s.line, func(t stand) bool { return t.request == request })
}

// holds reports whether the request's ticket is admitted.
func (s semState) holds(request string) bool {
	n := s.of(request)
	return n >= 0 && s.line[n].admitted
}

// refuses reports whether a request for n permits has to wait: its ticket does, or would.
func (s semState) refuses(request string, n int64) bool {
	if at := s.of(request); at >= 0 {
		return !s.line[at].admitted
	}
	return !s.there || s.waited() || s.available() < n
}
