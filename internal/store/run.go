package store

import (
	"context"
	"errors"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Run carries a call to its answer. timeout, when not nil, is how long the call itself may wait; ctx is the
// caller's. Run returns nil when the call is done, and then the answer is the call's; ctx's error when the
// caller left; ErrUnavailable when the outcome can't be known.
//
// When nobody can be told the answer, what the call has put in line stays for the store's grace, in which a
// retry may take it up, and then goes (X2).
func (s *Store) Run(ctx context.Context, c Call, timeout *time.Duration) error {
	if err := s.Ready(); err != nil {
		return err
	}
	if err := s.seeOwn(ctx, c.Keys()); err != nil {
		return err
	}
	r := &run{store: s, call: c, wait: s.Attend(c.Keys()...)}
	err := r.drive(ctx, timeout, kv.TimedOut)
	if err == nil {
		err = ctx.Err() // an answer that can't be told
	}
	if err == nil || !c.Loose() {
		r.wait.Stop()
		return err
	}
	s.mu.RLock() // Close waits for tasks: none is added behind its back
	defer s.mu.RUnlock()
	if errors.Is(s.broken, errClosing) {
		return err
	}
	s.tasks.Go(r.tidy)
	return err
}

// patience is how many transactions of unknown outcome a call sees through before its caller is told so.
const patience = 3

type run struct {
	store    *Store
	call     Call
	wait     *Wait
	unknowns int
}

// tidy ends a call whose caller has left.
func (r *run) tidy() {
	defer r.wait.Stop()
	r.call.Signal(kv.Left)
	grace := r.store.Grace
	for {
		err := r.drive(r.store.ctx, &grace, kv.GraceOver)
		if err == nil || r.store.ctx.Err() != nil {
			return
		}
		// Without a quorum nothing can be tidied: try again until there is one.
		select {
		case <-time.After(grace):
		case <-r.store.ctx.Done():
		}
	}
}

// drive does what the call asks for, step by step.
func (r *run) drive(ctx context.Context, timeout *time.Duration, over kv.Signal) error {
	var expired <-chan time.Time
	if timeout != nil {
		t := time.NewTimer(*timeout)
		defer t.Stop()
		expired = t.C
	}
	for {
		if ctx.Err() != nil { // nothing is begun for a caller who is gone
			return ctx.Err()
		}
		var step kv.Step
		r.store.Look(func(v mirror.View) { step = r.call.Next(v) })
		var err error
		switch {
		case step.Done:
			return nil
		case step.Commit != nil:
			err = r.commit(*step.Commit)
		case step.Barrier:
			err = r.barrier(ctx)
		case step.Wait:
			err = r.await(ctx, expired, over)
		default:
			err = r.store.see(ctx, step.See)
		}
		if err != nil {
			return err
		}
	}
}

func (r *run) commit(t kv.Txn) error {
	result, err := r.store.Commit(t)
	switch {
	case err == nil:
		if result.Succeeded {
			r.store.wrote(t.Then, result.Revision)
		}
		r.call.Committed(result)
		return nil
	case !errors.Is(err, errUnknown):
		return err
	}
	if r.unknowns++; r.unknowns >= patience {
		return err
	}
	// Whether it is there now is to be seen; absent, the call asks again: a transaction that comes late finds
	// its conditions changed.
	return r.barrier(r.store.ctx)
}

func (r *run) barrier(ctx context.Context) error {
	rev, err := r.store.Barrier(ctx)
	if err != nil {
		return err
	}
	if err := r.store.see(ctx, rev); err != nil {
		return err
	}
	r.call.Looked(rev)
	return nil
}

func (r *run) await(ctx context.Context, expired <-chan time.Time, over kv.Signal) error {
	select {
	case <-r.wait.News():
	case <-expired:
		r.call.Signal(over)
	case <-ctx.Done():
		return ctx.Err()
	case <-r.store.ctx.Done():
		return unavailable("waiting", context.Cause(r.store.ctx))
	}
	return nil
}
