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

// Line is tickets in order. The zero value is an empty line with limit 0: nobody is admitted.
type Line struct {
	tickets  []Ticket
	limit    Permits
	admitted int     // how many tickets at the head hold
	held     Permits // what those take
}

// New returns an empty line that admits up to limit permits.
func New(limit Permits) *Line { return &Line{limit: limit} }

// Len returns how many tickets hold or wait.
func (l *Line) Len() int { return len(l.tickets) }

// Admitted returns how many tickets at the head hold. Leaving only shortens the line ahead of the rest, so a
// ticket once admitted stays admitted (L1, S3).
func (l *Line) Admitted() int { return l.admitted }

// At returns the i-th ticket, 0 for the head.
func (l *Line) At(i int) *kv.Item { return l.tickets[i].Item }

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

// Put adds a ticket, or replaces the one that has its place. A ticket keeps its place for as long as its key
// is not deleted, whatever is written to it (L4).
func (l *Line) Put(t Ticket) {
	n, ok := l.find(t.Item)
	if !ok {
		l.tickets = slices.Insert(l.tickets, n, t)
		if n < l.admitted { // a rebuilt line is filled in any order
			l.recount()
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
	if n == 0 { // a hand-over costs the same however long the line is
		l.tickets[0] = Ticket{}
		l.tickets = l.tickets[1:]
		return
	}
	l.tickets = slices.Delete(l.tickets, n, n+1)
}

// Admit admits, in order, the tickets that now fit, and returns them. Nobody overtakes: behind the first ticket
// that does not fit everyone waits (L4, S2).
func (l *Line) Admit() []*kv.Item {
	from := l.admitted
	for l.admitted < len(l.tickets) && l.held+l.tickets[l.admitted].Permits <= l.limit {
		l.held += l.tickets[l.admitted].Permits
		l.admitted++
	}
	if l.admitted == from {
		return nil
	}
	now := make([]*kv.Item, 0, l.admitted-from)
	for _, t := range l.tickets[from:l.admitted] {
		now = append(now, t.Item)
	}
	return now
}

func (l *Line) recount() { l.admitted, l.held = 0, 0 }

// find uses that create revisions order a line. Keys put in one transaction share theirs, and are then ordered
// by their spelling.
func (l *Line) find(i *kv.Item) (int, bool) {
	return slices.BinarySearchFunc(l.tickets, i, func(t Ticket, i *kv.Item) int {
		return cmp.Or(cmp.Compare(t.Item.Create, i.Create), cmp.Compare(t.Item.Key, i.Key))
	})
}
