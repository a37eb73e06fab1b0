package sim

import (
	"errors"
	"slices"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/kv"
)

// was reports whether something was true at some time since the request began.
func (o *latchOp) was(match func(latchState) bool) bool {
	for s := range o.c.oracle.past.since(o.begun) {
		if match(s) {
			return true
		}
	}
	return false
}

// did returns what the request did.
func (o *latchOp) did(what latchDoing) (all []latchDeed) {
	for _, d := range o.c.oracle.deeds {
		if d.by == o && d.what == what {
			all = append(all, d)
		}
	}
	return all
}

// setAnswered: a request begins one round at the most, of which it is told whatever became of it, and none behind its
// answer (S4).
func (o *latchOp) setAnswered(a countdownlatch.SetAnswer, err error) {
	o.heard, o.yes, o.on = true, a.Set, kv.Revision(a.Round)
	rounds := o.did(began)
	switch {
	case err != nil:
		o.w.failf("set of %s: %v", o.request, err)
	case len(rounds) > 1:
		o.w.failf("%s has begun %d rounds (S4)", o.request, len(rounds))
	case a.Set && (len(rounds) == 0 || rounds[0].round != o.on):
		o.w.failf("%s: told that it began round %d, and did not", o.request, a.Round)
	case !a.Set && len(rounds) > 0:
		o.w.failf("%s: told that something remains, and began round %d (S4)", o.request, rounds[0].round)
	case !a.Set && !o.was(func(s latchState) bool { return s.remaining() > 0 && s.round == o.on }):
		o.w.failf("%s: told that something remains of round %d, which was wrong at any time (X3)", o.request, a.Round)
	}
	o.c.oracle.over[o.request] = "answered"
	o.c.rounds = append(o.c.rounds, a.Round)
}

func (o *latchOp) countDownAnswered(a countdownlatch.CountDownAnswer, err error) {
	o.heard, o.remaining, o.on = true, int64(a.Remaining), kv.Revision(a.Round)
	shown := func(s latchState) bool { return s.remaining() == o.remaining && s.round == o.on }
	vain := func(s latchState) bool {
		return s.remaining() == 0 || o.round != 0 && o.round < s.round
	}
	switch {
	case errors.Is(err, countdownlatch.ErrFutureRound):
		o.heard = false
		o.c.oracle.over[o.request] = "told of a future round"
		if len(o.did(counts)) > 0 || o.round == 0 || !o.was(func(s latchState) bool { return s.round < o.round }) {
			o.w.failf("%s: told that round %d was not reached (X3)", o.request, o.round)
		}
		return
	case err != nil:
		o.w.failf("count down of %s: %v", o.request, err)
	case !o.was(shown):
		o.w.failf("%s: told that %d remain of round %d, which was never so (X3)", o.request, a.Remaining, a.Round)
	case len(o.did(counts)) == 0 && !o.was(vain):
		o.w.failf("%s: told that it arrived, and did not (C2)", o.request)
	}
	if a.Round != 0 {
		o.c.rounds = append(o.c.rounds, a.Round)
	}
}

func (o *latchOp) awaitAnswered(a countdownlatch.AwaitAnswer, err error) {
	o.heard, o.yes, o.remaining, o.on = err == nil, a.Completed, int64(a.Remaining), kv.Revision(a.Round)
	switch {
	case errors.Is(err, countdownlatch.ErrDestroyed):
		if !slices.ContainsFunc(o.c.oracle.deeds, func(d latchDeed) bool { return d.what == ends && d.step >= o.begun }) {
			o.w.failf("%s: told that the latch is destroyed, and nobody did", o.request)
		}
	case err != nil:
		o.w.failf("await of %s: %v", o.request, err)
	case a.Completed && !o.was(func(s latchState) bool { return s.remaining() == 0 }):
		o.w.failf("%s: told that nothing remains, and something always did (C3)", o.request)
	case !a.Completed && !o.was(func(s latchState) bool { return s.remaining() == o.remaining && s.round == o.on && o.remaining > 0 }):
		o.w.failf("%s: told that %d remain of round %d, which was never so (X3)", o.request, a.Remaining, a.Round)
	}
}

// destroyAnswered: of several that destroy a latch one is told so, but for those that can't know.
func (o *latchOp) destroyAnswered(there bool, err error) {
	o.heard, o.yes = true, there
	did := len(o.did(ends)) > 0
	switch {
	case err != nil:
		o.w.failf("destroy of %s: %v", o.request, err)
	case there && !did && !o.unsure():
		o.w.failf("%s: told that it destroyed, and it did not", o.request)
	case there && !slices.ContainsFunc(o.c.oracle.deeds, func(d latchDeed) bool { return d.what == ends && d.step >= o.begun }):
		o.w.failf("%s: told that it is destroyed, and nobody did", o.request)
	case !there && did && o.attempt == 1:
		o.w.failf("%s: told that there was nothing to destroy, and it did", o.request)
	case !there && !o.was(func(s latchState) bool { return !s.there }):
		o.w.failf("%s: told that there was no latch, and there always was (X3)", o.request)
	}
}
