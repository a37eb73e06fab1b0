package store

import (
	"context"
	"errors"
)

// A gateway whose member has lost the others can't know any more what is true. It had better say so at once, so that
// whoever waits goes elsewhere, than when etcd's own timeouts pass. So everything that calls do on etcd, and every wait,
// ends with an epoch: the time from one loss of the quorum to the next.

var errNoQuorum = errors.New("this member is cut off from the others: it sees no leader")

// Suspend ends all calls with ErrUnavailable, and turns away new ones, until Resume. Suspending twice is no error.
func (s *Store) Suspend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.suspended = true
	s.endEpoch(errNoQuorum)
}

// Resume takes calls again.
func (s *Store) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.suspended {
		s.suspended = false
		s.beginEpoch()
	}
}

// beginEpoch needs s.mu, or that nobody else has the store yet.
func (s *Store) beginEpoch() { s.epoch, s.endEpoch = context.WithCancelCause(s.ctx) }

// now returns a context that ends with the epoch.
func (s *Store) now() context.Context {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.epoch
}

// Within returns ctx, ended also when the quorum is lost, or the store closes, with that cause.
func (s *Store) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	epoch := s.now()
	stop := context.AfterFunc(epoch, func() { cancel(unavailable("asking etcd", context.Cause(epoch))) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
