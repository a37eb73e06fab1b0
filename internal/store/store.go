// Package store is the only I/O that the primitives see: the mirror, a gateway's copy of the keys, fed by one
// watch; the barrier, which makes a look at it linearizable; the commit of a transaction; and Run, which carries
// a call through all of these to its answer.
package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// ErrUnavailable means that no quorum of the members answers, or that this gateway is shutting down. What the
// call did, if anything, is unknown; repeated under the same request id it counts once.
var ErrUnavailable = errors.New("unavailable")

// ErrFull means that etcd's database is full, and that what the call was about to do needs room in it. It was not done.
var ErrFull = errors.New("the database is full")

var (
	errStarting = errors.New("the mirror is being built")
	errClosing  = errors.New("the gateway is shutting down")
)

// Config is what a store needs.
type Config struct {
	Client  *clientv3.Client // its watcher must be used by nobody else: progress is asked of a whole stream
	Space   keys.Space
	Gateway string        // the id of the gateway, in whatever its calls touch
	Grace   time.Duration // how long what a lost caller left in line waits for a retry
	Logger  *slog.Logger
}

// Store is a gateway's view of etcd and its way to change it.
type Store struct {
	Config
	ctx     context.Context // ends when the store closes
	cancel  context.CancelCauseFunc
	tasks   sync.WaitGroup
	reads   reads
	prod    chan struct{}
	turns   turns
	commits commits
	calls   atomic.Uint64

	mu        sync.RWMutex
	epoch     span // until the quorum is lost
	reign     span // until the leader changes
	suspended bool
	mirror    *mirror.Mirror
	waits     map[string]map[*Wait]struct{}
	unseen    map[string]kv.Revision
	lags      []*lag
	broken    error // why the mirror does not follow etcd just now
}

// Open starts a store and returns when its mirror is complete.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{
		Config: c,
		prod:   make(chan struct{}, 1),
		mirror: mirror.New(c.Space),
		waits:  map[string]map[*Wait]struct{}{},
		unseen: map[string]kv.Revision{},
		turns:  turns{queues: map[string][]*seat{}},
		broken: errStarting,
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.beginEpoch()
	rev, err := s.load(ctx)
	if err != nil {
		s.cancel(errClosing)
		return nil, err
	}
	s.tasks.Go(func() { s.follow(rev) })
	s.tasks.Go(s.prodder)
	return s, nil
}

// Close ends every call with ErrUnavailable and stops following etcd. What waits in line stays there, for a
// retry through another gateway.
func (s *Store) Close() {
	s.mu.Lock()
	s.broken = unavailable("serving", errClosing)
	s.mu.Unlock()
	s.cancel(errClosing)
	s.tasks.Wait()
}

// NextCall names a call in whatever it touches: after the gateway, so that what one that died has touched can be told.
func (s *Store) NextCall() string { return keys.CallOf(s.Gateway, s.calls.Add(1)) }

// Ready returns nil when the mirror follows etcd, else why it does not.
func (s *Store) Ready() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.suspended && s.broken == nil {
		return unavailable("serving", errNoQuorum)
	}
	return s.broken
}

// Look calls f with the mirror as it now is. f must not block.
func (s *Store) Look(f func(v mirror.View)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.mirror.View())
}

// LookFresh calls f with the mirror as it is at some moment after LookFresh was called.
func (s *Store) LookFresh(ctx context.Context, f func(v mirror.View)) error {
	rev, err := s.Barrier(ctx)
	if err != nil {
		return err
	}
	if err := s.see(ctx, rev); err != nil {
		return err
	}
	s.Look(f)
	return nil
}

// fold moves the mirror on and wakes whoever has something new to see.
func (s *Store) fold(change func(m *mirror.Mirror) (news []string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range change(s.mirror) {
		s.noticed(key)
		s.wake(key)
	}
	s.tellLosers()
	s.catchUp(s.mirror.Revision())
}

func (s *Store) setBroken(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !errors.Is(s.broken, errClosing) {
		s.broken = why
	}
}

// revision is of the mirror.
func (s *Store) revision() kv.Revision {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mirror.Revision()
}
