package session

import (
	"sync"
	"time"
)

// renewals remembers, for each session that this gateway renewed, how long it can't expire. The zero value is
// ready for use.
type renewals struct {
	mu    sync.Mutex
	until map[ID]time.Time
	tidy  int // the size at which the past ones are thrown out
}

// leastTidy keeps small tables from being swept all the time.
const leastTidy = 1024

func (r *renewals) note(id ID, ttl time.Duration, sent time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until, r.tidy = map[ID]time.Time{}, leastTidy
	}
	if until := sent.Add(ttl); until.After(r.until[id]) { // answers may come out of order
		r.until[id] = until
	}
	if len(r.until) >= r.tidy {
		r.sweep(sent)
	}
}

// sweep throws out what is past; that the table doubles before the next sweep makes its cost constant per note.
func (r *renewals) sweep(now time.Time) {
	for id, until := range r.until {
		if until.Before(now) {
			delete(r.until, id)
		}
	}
	r.tidy = max(leastTidy, 2*len(r.until))
}

func (r *renewals) validFor(id ID, now time.Time) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[id]
	if !ok || until.Before(now) {
		return 0, false
	}
	return until.Sub(now), true
}

func (r *renewals) drop(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.until, id)
}
