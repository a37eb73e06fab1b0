package store

import (
	"context"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/proposal"
)

// inTurn commits, when it is the call's turn, what the call then wants committed, and lets the next one have it when the
// mirror shows what that was. Any other step is returned, to be taken when the turn is over: who waits in its turn may
// wait for what others are to do in theirs.
func (r *run) inTurn(ctx context.Context, asked kv.Step) (instead kv.Step, err error) {
	mine := r.store.turns.join(asked.Turn, r, asked.Folds && r.full == nil)
	stays := false
	select {
	case <-mine.turn:
		stays = true
	case <-r.expired:
		defer r.call.Signal(r.over)
	case <-ctx.Done():
		err = ctx.Err()
	case <-r.epoch.Done():
		err = unavailable("waiting for a turn", context.Cause(r.epoch))
	}
	if !stays && r.store.turns.leave(mine) {
		return kv.Step{}, err
	}
	<-mine.turn // whoever took the call along has asked it by now, and what it wants may be on its way
	if !mine.had {
		return r.lead(ctx, mine)
	}
	if mine.step.Commit == nil {
		return mine.step, nil
	}
	return kv.Step{}, r.answered(*mine.step.Commit, mine.result, mine.err)
}

// lead has the turn, for the call and those that it takes along.
func (r *run) lead(ctx context.Context, mine *seat) (instead kv.Step, err error) {
	defer r.store.turns.leave(mine)
	all, together := r.gather(mine)
	switch {
	case mine.step.Commit == nil:
		return mine.step, nil
	case len(all) == 1:
		err = r.commit(*mine.step.Commit)
	default:
		r.store.commitAll(all, together)
		for _, s := range all[1:] {
			s.end()
		}
		err = r.answered(*mine.step.Commit, mine.result, mine.err)
	}
	if err != nil {
		return kv.Step{}, err
	}
	return kv.Step{}, r.store.see(ctx, r.known)
}

// gather asks the call what it wants committed, and where others may go together with that, those that wait for the same
// turn, in their order: all of them have the same view, and each is judged by what those before it leave.
func (r *run) gather(mine *seat) (all []*seat, together kv.Txn) {
	all = []*seat{mine}
	var f proposal.Fold
	r.store.Look(func(v mirror.View) {
		mine.step = r.call.Next(v)
		mine.in = mine.folds && mine.add(&f)
		for mine.in && !f.Full() {
			s := r.store.turns.along(mine)
			if s == nil {
				return
			}
			if s.step = s.run.call.Next(v); s.step.Commit == nil {
				s.end()
				continue
			}
			s.in = s.add(&f)
			all = append(all, s)
		}
	})
	return all, f.Txn()
}

// add adds what the call wants committed, if it wants that and it can go together with what is there.
func (s *seat) add(f *proposal.Fold) (ok bool) {
	if s.step.Commit != nil {
		_, ok = f.Add(*s.step.Commit)
	}
	return ok
}

// end lets a call go on that was taken along.
func (s *seat) end() {
	s.had = true
	close(s.turn)
}

// commitAll commits what some calls want, together as one transaction. Who was asked and does not fit in has come behind
// the others, and its conditions do not hold any more. Where etcd refuses the whole for certain, because of one of them, a
// lease that is gone, say, each goes alone, in their order: then only the first one that etcd takes finds the key unchanged.
func (s *Store) commitAll(all []*seat, together kv.Txn) {
	result, err := s.Commit(together)
	for _, one := range all {
		if neverCommits(err) {
			one.result, one.err = s.Commit(*one.step.Commit)
			continue
		}
		one.result, one.err = result, err
		one.result.Succeeded = result.Succeeded && one.in
	}
}
