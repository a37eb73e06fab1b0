package store

import (
	"context"
	"errors"
)

// A gateway whose etcd has lost its leader can't know any more what is true. It had better say so at once, so that
// whoever waits goes elsewhere, than when etcd's own timeouts pass. So every call, and every wait, ends with an epoch: the
// time from one loss of the quorum to the next.
//
// Within an epoch there may be several leaders. What was on its way to the last one may have died with it, and etcd would
// not say so for seven seconds. So what is asked of etcd ends with a reign: its outcome is unknown then, and the call looks
// again.

var (
	errNoQuorum  = errors.New("this gateway is cut off: it knows of no leader")
	errNewLeader = errors.New("another member has become the leader")
)

// span is a time that something is bound to.
type span struct {
	ctx context.Context
	end context.CancelCauseFunc
}

func spanIn(ctx context.Context) (s span) {
	s.ctx, s.end = context.WithCancelCause(ctx)
	return s
}

// Suspend ends all calls with ErrUnavailable, and turns away new ones, until Resume. Suspending twice is no error.
func (s *Store) Suspend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.suspended = true
	s.epoch.end(errNoQuorum)
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

// Reign tells that there is another leader.
func (s *Store) Reign() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reign.end(errNewLeader)
	s.reign = spanIn(s.epoch.ctx)
}

// beginEpoch needs s.mu, or that nobody else has the store yet.
func (s *Store) beginEpoch() {
	s.epoch = spanIn(s.ctx)
	s.reign = spanIn(s.epoch.ctx)
}

// inEpoch returns a context that ends with the epoch.
func (s *Store) inEpoch() context.Context {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.epoch.ctx
}

// inReign returns a context that ends with the reign.
func (s *Store) inReign() context.Context {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.reign.ctx
}

// Within returns ctx, ended also when the leader changes, the quorum is lost, or the store closes, with that cause.
func (s *Store) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	reign := s.inReign()
	stop := context.AfterFunc(reign, func() { cancel(unavailable("asking etcd", context.Cause(reign))) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
