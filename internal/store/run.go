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
// caller left; ErrUnavailable when the outcome can't be known; ErrFull when it can't be done for want of room.
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
	full     error            // etcd had no room for the last transaction, and the call has not waited since
	known    kv.Revision      // of the last transaction whose outcome is known
	epoch    context.Context  // ends when the quorum is lost
	expired  <-chan time.Time // receives once the time is up that
	over     kv.Signal        // tells of
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
	if timeout != nil {
		t := time.NewTimer(*timeout)
		defer t.Stop()
		r.expired, r.over = t.C, over
	}
	r.epoch, r.full = r.store.inEpoch(), nil
	for {
		if ctx.Err() != nil { // nothing is begun for a caller who is gone
			return ctx.Err()
		}
		if r.epoch.Err() != nil { // nor told by a gateway that is cut off
			return unavailable("serving", context.Cause(r.epoch))
		}
		var step kv.Step
		r.store.Look(func(v mirror.View) { step = r.call.Next(v) })
		if step.Done {
			return nil
		}
		var err error
		if step.Turn != "" {
			step, err = r.inTurn(ctx, step)
		}
		if err == nil {
			err = r.do(ctx, step)
		}
		if err != nil {
			return err
		}
	}
}

// do takes one step.
func (r *run) do(ctx context.Context, step kv.Step) error {
	switch {
	case step.Done || step.Turn != "":
		return nil // looked at again
	case step.Commit != nil:
		return r.commit(*step.Commit)
	case step.Barrier:
		return r.barrier(ctx)
	case step.Wait:
		return r.await(ctx, nil)
	case step.Rest != nil:
		return r.rest(ctx, *step.Rest)
	}
	return r.store.see(ctx, step.See)
}

// commit has a transaction committed.
func (r *run) commit(t kv.Txn) error {
	if r.full != nil {
		bare, ok := t.Bare()
		if !ok {
			return r.full // the call has looked, and was not done
		}
		t = bare
	}
	result, err := r.store.Commit(t)
	return r.answered(t, result, err)
}

// answered tells the call what came of its transaction, or has it look.
func (r *run) answered(t kv.Txn, result kv.Result, err error) error {
	switch {
	case err == nil:
		if result.Succeeded {
			r.store.wrote(t.Then, result.Revision)
		}
		r.known = result.Revision
		r.call.Committed(result)
		return nil
	case errors.Is(err, ErrFull):
		if r.full != nil {
			return err
		}
		r.full = err
	case !errors.Is(err, errUnknown):
		return err
	default:
		if r.unknowns++; r.unknowns >= patience {
			return err
		}
	}
	// Whether it is there now is to be seen; absent, the call asks again: a transaction that comes late finds
	// its conditions changed.
	if err := r.barrier(r.store.ctx); r.store.ctx.Err() == nil {
		return err
	}
	return unavailable("committing", context.Cause(r.store.ctx))
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

// rest waits as a pause asks, for news of the call's own, or for its time to be up.
func (r *run) rest(ctx context.Context, p kv.Rest) error {
	lifted := r.store.Attend(p.While.Key)
	defer lifted.Stop()
	var there *kv.Item
	r.store.Look(func(v mirror.View) { there = v.Get(p.While.Key) })
	if there == nil || there.Mod != p.While.Mod {
		return nil
	}
	t := time.NewTimer(p.For)
	defer t.Stop()
	return r.await(ctx, &pause{lifted.News(), t.C})
}

// pause is what ends a rest before anything else does.
type pause struct {
	lifted <-chan struct{}
	rested <-chan time.Time
}

func (r *run) await(ctx context.Context, p *pause) error {
	r.full = nil // there may be room by the time that the wait is over
	if p == nil {
		p = &pause{}
	}
	select {
	case <-r.wait.News():
	case <-p.lifted:
	case <-p.rested:
		r.call.Signal(kv.Rested)
	case <-r.expired:
		r.call.Signal(r.over)
	case <-ctx.Done():
		return ctx.Err()
	case <-r.epoch.Done():
		return unavailable("waiting", context.Cause(r.epoch))
	}
	return nil
}
