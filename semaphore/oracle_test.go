package semaphore_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/semaphore"
)

// oracle knows who holds and who waits, as a history tells it: whoever was once admitted holds until its ticket goes,
// whatever the limit since; and who stands first is admitted at the moment at which it fits. It knows nothing of what the
// product writes down about who is admitted, and of none of its code.
type oracle struct {
	limit    int64
	line     []*stand         // in the order in which they came; those of one revision in that of their keys
	came     map[string]int64 // the revision in which each came
	admitted map[string]int64 // the revision in which it first held
	moments  []moment
}

// stand is a ticket in the line.
type stand struct {
	key            string // below the line
	permits        int64
	session, owner string
	holds          bool
}

// moment is what is true from one revision on.
type moment struct {
	rev       int64
	limit     int64
	available int64
	waiting   int
}

func newOracle() *oracle { return &oracle{came: map[string]int64{}, admitted: map[string]int64{}} }

// fold takes the events of one revision.
func (o *oracle) fold(events []event) {
	for _, e := range events {
		o.apply(e)
	}
	slices.SortFunc(o.line, func(a, b *stand) int {
		return cmp.Or(cmp.Compare(o.came[a.key], o.came[b.key]), cmp.Compare(a.key, b.key))
	})
	m := moment{rev: events[0].rev, limit: o.limit, available: o.limit}
	for _, s := range o.line {
		if s.holds {
			m.available -= s.permits
		}
	}
	for _, s := range o.line {
		switch {
		case s.holds:
		case m.waiting == 0 && s.permits <= m.available: // S1, S2
			s.holds, o.admitted[s.key] = true, m.rev
			m.available -= s.permits
		default:
			m.waiting++
		}
	}
	o.moments = append(o.moments, m)
}

func (o *oracle) apply(e event) {
	var v struct {
		Permits int64
		Owner   string
	}
	_ = json.Unmarshal(e.value, &v)
	key, isTicket := strings.CutPrefix(e.key, "semaphore/pool/")
	at := slices.IndexFunc(o.line, func(s *stand) bool { return s.key == key })
	switch {
	case !isTicket:
		o.limit = v.Permits
	case e.created == 0:
		o.line = slices.Delete(o.line, at, at+1)
	case at >= 0:
		o.line[at].permits = v.Permits
	default:
		session, _, _ := strings.Cut(key, ".")
		o.came[key] = e.rev
		o.line = append(o.line, &stand{key: key, permits: v.Permits, session: session, owner: v.Owner})
	}
}

// spell tells how many of how many are available, who holds, by session, and who waits, in order.
func (o *oracle) spell() string {
	available := o.limit
	var holders, waiters []string
	held := map[string]int64{}
	for _, s := range o.line {
		if !s.holds {
			waiters = append(waiters, fmt.Sprintf("%s.%s:%d", s.session, s.owner, s.permits))
			continue
		}
		available -= s.permits
		if held[s.session] += s.permits; held[s.session] == s.permits {
			holders = append(holders, s.session)
		}
	}
	for n, session := range holders {
		holders[n] = fmt.Sprintf("%s:%d", session, held[session])
	}
	return fmt.Sprintf("%d/%d %v | %v", available, o.limit, holders, waiters)
}

// spellState tells the same of what the product says.
func spellState(st semaphore.State) string {
	var holders, waiters []string
	for _, h := range st.Holders {
		holders = append(holders, fmt.Sprintf("%s:%d", h.Session, h.Permits))
	}
	for _, w := range st.Waiters {
		waiters = append(waiters, fmt.Sprintf("%s.%s:%d", w.Caller.Session, w.Caller.Owner, w.Permits))
	}
	return fmt.Sprintf("%d/%d %v | %v", st.Available, st.Permits, holders, waiters)
}

// during returns the moments from one revision to another, the one that began before among them.
func (o *oracle) during(from, to int64) []moment {
	by := func(m moment, rev int64) int { return int(m.rev - rev) }
	first, exact := slices.BinarySearchFunc(o.moments, from, by)
	if !exact && first > 0 {
		first--
	}
	last, _ := slices.BinarySearchFunc(o.moments, to+1, by)
	return o.moments[first:max(first, last)]
}
