package session

import (
	"sync"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
)

// renewals remembers, for each session that this gateway renewed, how long it can't expire. The zero value is
// ready for use.
type renewals struct {
	mu       sync.Mutex
	promises map[ID]promise
	tidy     int // the size at which the past ones are thrown out
}

// promise is for one life of a session: closed, and opened again with the same request id, it has the same id and
// maybe a shorter TTL.
type promise struct {
	until time.Time
	ttl   time.Duration
	born  kv.Revision // the create revision of the session's marker
}

// leastTidy keeps small tables from being swept all the time.
const leastTidy = 1024

func (r *renewals) note(id ID, born kv.Revision, ttl time.Duration, sent time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.promises == nil {
		r.promises, r.tidy = map[ID]promise{}, leastTidy
	}
	p, until := r.promises[id], sent.Add(ttl)
	if born > p.born || born == p.born && until.After(p.until) { // answers may come out of order
		r.promises[id] = promise{until, ttl, born}
	}
	if len(r.promises) >= r.tidy {
		r.sweep(sent)
	}
}

// sweep throws out what is past; that the table doubles before the next sweep makes its cost constant per note.
func (r *renewals) sweep(now time.Time) {
	for id, p := range r.promises {
		if p.until.Before(now) {
			delete(r.promises, id)
		}
	}
	r.tidy = max(leastTidy, 2*len(r.promises))
}

func (r *renewals) validFor(id ID, born kv.Revision, now time.Time) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.promises[id]
	if !ok || p.born != born || p.until.Before(now) {
		return 0, false
	}
	return p.until.Sub(now), true
}

// fresh returns what a renewal before now promised, less than a tenth of the TTL ago: it need not be renewed yet.
func (r *renewals) fresh(id ID, born kv.Revision, now time.Time) (ttl, left time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.promises[id]
	left = p.until.Sub(now)
	return p.ttl, left, ok && p.born == born && left > p.ttl-p.ttl/10
}

func (r *renewals) drop(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.promises, id)
}
