// Package proposal decides which transactions go into one proposal to etcd, as one transaction with all of them nested in
// it: whatever waits, as far as it may go together. So the cost of a proposal, an entry in every member's log synced to
// disk, is shared by all who come while the one before is under way.
//
// In one proposal etcd holds all conditions against the state before it, and all that is written has one revision. That is
// as if one transaction came after the other, in any order, when none of them writes what another writes or compares. Those
// that are in conflict so are never under way at the same time, but one after the other, in the order in which they came.
//
// Transactions that are steps of one key's value are in conflict, and yet can be made into one: see Fold.
//
// It is pure: who proposes, and what is answered, is internal/store's.
package proposal

import "github.com/cpgate/cpgate/internal/kv"

// Queue is the transactions that wait to be proposed, and those that are under way. T tells whose a transaction is. The
// zero value is ready for use.
type Queue[T any] struct {
	places map[name]place[T]
	ready  []*Entry[T] // in conflict with nothing under way, and with nothing that came before
	len    int
}

// Entry is one transaction, from when it comes until it is answered.
type Entry[T any] struct {
	Txn    kv.Txn
	By     T
	claims claims
	size   size
	lacks  int // how many of its claims others have to make room for
}

// NewEntry returns a transaction that can be added to a queue, once.
func NewEntry[T any](t kv.Txn, by T) *Entry[T] {
	return &Entry[T]{Txn: t, By: by, claims: claimsOf(t), size: sizeOf(t)}
}

// place is what is claimed of one name: by those whose claim is granted, and by those who wait for that, first come, first
// served.
type place[T any] struct {
	granted [bits]int32 // how many, in each mode
	waiting []wait[T]
}

type wait[T any] struct {
	entry *Entry[T]
	mode  mode
}

// Add adds a transaction behind all others.
func (q *Queue[T]) Add(e *Entry[T]) {
	if q.places == nil {
		q.places = map[name]place[T]{}
	}
	for _, c := range e.claims {
		p := q.places[c.name]
		if len(p.waiting) == 0 && p.free(c.mode) {
			p.grant(c.mode, 1)
		} else {
			p.waiting = append(p.waiting, wait[T]{e, c.mode})
			e.lacks++
		}
		q.places[c.name] = p
	}
	if q.len++; e.lacks == 0 {
		q.ready = append(q.ready, e)
	}
}

// Len returns how many transactions wait or are under way.
func (q *Queue[T]) Len() int { return q.len }

// Next returns the transactions that go into one proposal, which is under way from now on; none while nothing can go. The
// first one has waited for the longest of those that can, so that none, however large, waits for ever.
func (q *Queue[T]) Next() []*Entry[T] {
	if len(q.ready) == 0 {
		return nil
	}
	var group []*Entry[T]
	var all size
	rest := q.ready[:0]
	for _, e := range q.ready {
		if sum, ok := all.with(e.size); ok {
			all, group = sum, append(group, e)
		} else {
			rest = append(rest, e)
		}
	}
	clear(q.ready[len(rest):])
	q.ready = rest
	return group
}

// Done removes a transaction that Next has returned, when it is answered.
func (q *Queue[T]) Done(e *Entry[T]) {
	q.len--
	for _, c := range e.claims {
		p := q.places[c.name]
		p.grant(c.mode, -1)
		for len(p.waiting) > 0 && p.free(p.waiting[0].mode) {
			next := p.waiting[0]
			p.waiting = p.waiting[1:]
			p.grant(next.mode, 1)
			if next.entry.lacks--; next.entry.lacks == 0 {
				q.ready = append(q.ready, next.entry)
			}
		}
		if p.granted == [bits]int32{} { // then nobody waits either
			delete(q.places, c.name)
		} else {
			q.places[c.name] = p
		}
	}
}

// free reports whether nobody's claim excludes one in mode m.
func (p *place[T]) free(m mode) bool {
	for b, others := range p.granted {
		if others > 0 && excluded[b]&m != 0 {
			return false
		}
	}
	return true
}

// grant notes one claim more, or less.
func (p *place[T]) grant(m mode, by int32) {
	for b := range p.granted {
		if m&(1<<b) != 0 {
			p.granted[b] += by
		}
	}
}
