// Package line is the order in which tickets are served. A ticket is one key; tickets stand in the order of
// their create revisions, and those at the head whose permits fit under the limit are admitted: they hold, the
// rest wait. A lock is a line with limit 1 of tickets that take 1 permit each.
//
// The package is pure: a line is a function of the keys, so that every gateway, and a gateway that has just
// started, sees the same holders.
package line

import (
	"cmp"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
)

// Permits counts what tickets take and a limit allows.
type Permits int64

// Ticket is one place in a line.
type Ticket struct {
	Item    *kv.Item
	Permits Permits
}

// Place is where a ticket stands in its line: keys put in one transaction share their create revision, and are then
// ordered by their spelling. The zero Place is ahead of every ticket.
type Place struct {
	Create kv.Revision
	Key    string
}

// PlaceOf returns where the item stands.
func PlaceOf(i *kv.Item) Place { return Place{i.Create, i.Key} }

// Compare is negative where p is ahead of o, positive where it is behind.
func (p Place) Compare(o Place) int {
	return cmp.Or(cmp.Compare(p.Create, o.Create), cmp.Compare(p.Key, o.Key))
}

// Limit says who is admitted.
type Limit struct {
	// Permits are what those who hold may take together.
	Permits Permits
	// Through is the last ticket that an earlier, larger limit had admitted: up to there all hold, whatever they
	// take (S3).
	Through Place
}

// Line is tickets in order. The zero value is an empty line with limit 0: nobody is admitted.
type Line struct {
	tickets  []Ticket
	limit    Limit
	admitted int     // how many tickets at the head hold
	held     Permits // what those take
	told     int     // how many of those Admit has returned
}

// New returns an empty line that admits up to limit permits.
func New(limit Permits) *Line { return &Line{limit: Limit{Permits: limit}} }

// Len returns how many tickets hold or wait.
func (l *Line) Len() int { return len(l.tickets) }

// Admitted returns how many tickets at the head hold. Leaving only shortens the line ahead of the rest, so a
// ticket once admitted stays admitted (L1, S3).
func (l *Line) Admitted() int { return l.admitted }

// Held returns what those who hold take together.
func (l *Line) Held() Permits { return l.held }

// Limit returns what the line admits by.
func (l *Line) Limit() Limit { return l.limit }

// At returns the i-th ticket, 0 for the head.
func (l *Line) At(i int) *kv.Item { return l.tickets[i].Item }

// Permits returns what the i-th ticket takes, 0 for the head.
func (l *Line) Permits(i int) Permits { return l.tickets[i].Permits }

// Head returns the first ticket, nil when nobody stands in line.
func (l *Line) Head() *kv.Item {
	if len(l.tickets) == 0 {
		return nil
	}
	return l.tickets[0].Item
}

// Index returns the place of the ticket: 0 for the head, -1 when it is not in the line.
func (l *Line) Index(i *kv.Item) int {
	n, ok := l.find(i)
	if !ok {
		return -1
	}
	return n
}

// SetLimit makes the line admit by another limit.
func (l *Line) SetLimit(limit Limit) {
	l.limit = limit
	l.admitted, l.held = 0, 0
}

// Put adds a ticket, or replaces the one that has its place. A ticket keeps its place for as long as its key
// is not deleted, whatever is written to it (L4).
func (l *Line) Put(t Ticket) {
	n, ok := l.find(t.Item)
	if !ok {
		l.tickets = slices.Insert(l.tickets, n, t)
		if n < max(l.admitted, l.told) { // a rebuilt line is filled in any order
			l.admitted, l.held, l.told = 0, 0, 0
		}
		return
	}
	if n < l.admitted {
		l.held += t.Permits - l.tickets[n].Permits
	}
	l.tickets[n] = t
}

// Remove takes the ticket out of the line.
func (l *Line) Remove(i *kv.Item) {
	n, ok := l.find(i)
	if !ok {
		return
	}
	if n < l.admitted {
		l.admitted--
		l.held -= l.tickets[n].Permits
	}
	if n < l.told {
		l.told--
	}
	if n == 0 { // a hand-over costs the same however long the line is
		l.tickets[0] = Ticket{}
		l.tickets = l.tickets[1:]
		return
	}
	l.tickets = slices.Delete(l.tickets, n, n+1)
}

// Admit admits, in order, the tickets that now fit, and returns those that it has not returned before. Nobody
// overtakes: behind the first ticket that does not fit everyone waits (L4, S2).
func (l *Line) Admit() []*kv.Item {
	for l.admitted < len(l.tickets) && l.admits(l.tickets[l.admitted]) {
		l.held += l.tickets[l.admitted].Permits
		l.admitted++
	}
	if l.admitted <= l.told {
		l.told = l.admitted
		return nil
	}
	now := make([]*kv.Item, 0, l.admitted-l.told)
	for _, t := range l.tickets[l.told:l.admitted] {
		now = append(now, t.Item)
	}
	l.told = l.admitted
	return now
}

// admits reports whether the first ticket that waits holds from now on.
func (l *Line) admits(t Ticket) bool {
	return l.held+t.Permits <= l.limit.Permits || PlaceOf(t.Item).Compare(l.limit.Through) <= 0
}

func (l *Line) find(i *kv.Item) (int, bool) {
	return slices.BinarySearchFunc(l.tickets, PlaceOf(i), func(t Ticket, p Place) int {
		return PlaceOf(t.Item).Compare(p)
	})
}
