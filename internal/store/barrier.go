package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/kv"
)

// How the watch is asked how far it has come, when the mirror lags behind a revision: writes outside the prefix
// raise etcd's revision and are never seen by the mirror's own watch.
const (
	prodAfter = time.Millisecond     // writes inside the prefix arrive by themselves within this
	prodEvery = 5 * time.Millisecond // a question is lost while the watch is behind
)

// readTimeout bounds one linearizable read; etcd itself gives up a little later.
const readTimeout = 5 * time.Second

// Barrier returns etcd's revision at some moment after Barrier was called. A mirror that has reached it shows
// everything that was answered before the call (X3).
func (s *Store) Barrier(ctx context.Context) (kv.Revision, error) {
	r := s.reads.join(s.readRevision)
	select {
	case <-r.done:
		return r.rev, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// readRevision reads etcd's revision. What a leader took along that died, or handed over, is asked of the next.
func (s *Store) readRevision() (kv.Revision, error) {
	for {
		reign := s.inReign()
		rev, err := s.readIn(reign)
		if err == nil || !errors.Is(context.Cause(reign), errNewLeader) {
			return rev, err
		}
	}
}

func (s *Store) readIn(reign context.Context) (kv.Revision, error) {
	ctx, cancel := context.WithTimeout(reign, readTimeout)
	defer cancel()
	got, err := s.Client.Get(ctx, s.Space.Prefix(), clientv3.WithCountOnly())
	if err != nil {
		return 0, unavailable("reading the revision", err)
	}
	return kv.Revision(got.Header.Revision), nil
}

// see returns when the mirror has reached rev.
func (s *Store) see(ctx context.Context, rev kv.Revision) error {
	l, epoch := s.lagBehind(rev), s.inEpoch()
	if l == nil {
		return nil
	}
	select {
	case s.prod <- struct{}{}:
	default:
	}
	select {
	case <-l.reached:
		return nil
	case <-ctx.Done():
		s.forget(l)
		return ctx.Err()
	case <-epoch.Done():
		s.forget(l)
		return unavailable("waiting for the mirror", context.Cause(epoch))
	}
}

func (s *Store) lagBehind(rev kv.Revision) *lag {
	if s.revision() >= rev {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mirror.Revision() >= rev {
		return nil
	}
	l := &lag{rev: rev, reached: make(chan struct{})}
	s.lags = append(s.lags, l)
	return l
}

func (s *Store) forget(l *lag) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lags = slices.DeleteFunc(s.lags, func(o *lag) bool { return o == l })
}

// prodder asks the watch for its progress for as long as somebody lags behind.
func (s *Store) prodder() {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-s.prod:
		case <-s.ctx.Done():
			return
		}
		for wait := prodAfter; s.lagging(); wait = prodEvery {
			pause.Reset(wait)
			select {
			case <-pause.C:
			case <-s.ctx.Done():
				return
			}
			if s.lagging() {
				_ = s.Client.RequestProgress(s.watching()) // asked again until the answer is seen
			}
		}
	}
}

func (s *Store) lagging() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.lags) > 0
}

// reads lets all who want a linearizable read at the same time share one: a read serves those who asked before
// it began.
type reads struct {
	mu      sync.Mutex
	next    *read // not yet begun
	running bool
}

type read struct {
	done chan struct{}
	rev  kv.Revision
	err  error
}

func (r *reads) join(do func() (kv.Revision, error)) *read {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = &read{done: make(chan struct{})}
	}
	if !r.running {
		r.running = true
		go r.run(do)
	}
	return r.next
}

func (r *reads) run(do func() (kv.Revision, error)) {
	for {
		r.mu.Lock()
		now := r.next
		r.next = nil
		r.running = now != nil
		r.mu.Unlock()
		if now == nil {
			return
		}
		now.rev, now.err = do()
		close(now.done)
	}
}

func unavailable(doing string, err error) error {
	return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, err)
}
