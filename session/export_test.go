package session

import (
	"context"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
)

// Renewals is the table of renewals, which has neither clock nor I/O.
type Renewals struct{ renewals }

// Note notes that etcd confirmed a renewal that was sent then.
func (r *Renewals) Note(id ID, born kv.Revision, ttl time.Duration, sent time.Time) {
	r.note(id, born, ttl, sent)
}

// ValidFor returns the time from now in which the session can't expire.
func (r *Renewals) ValidFor(id ID, born kv.Revision, now time.Time) (time.Duration, bool) {
	return r.validFor(id, born, now)
}

// Drop forgets the session.
func (r *Renewals) Drop(id ID) { r.drop(id) }

// Len returns how many sessions are remembered.
func (r *Renewals) Len() int { return len(r.promises) }

// Age makes the lease for memos as old as if that time had passed.
func (k *Keeper) Age(d time.Duration) {
	k.shelf.room <- struct{}{}
	defer func() { <-k.shelf.room }()
	k.shelf.until = k.shelf.until.Add(-d)
}

// Pace gathers heartbeats.
type Pace struct{ pace }

// NewPace gathers those that come once in an interval each.
func NewPace(interval time.Duration) *Pace { return &Pace{pace{every: paceOf(interval)}} }

// Every is for how long.
func (p *Pace) Every() time.Duration { return p.every }

// Join returns what to wait for, nil for nothing.
func (p *Pace) Join(now time.Time) <-chan struct{} { return p.join(now) }

// Wait returns when a heartbeat may go on.
func (p *Pace) Wait(ctx context.Context) error { return p.wait(ctx) }
