package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// acquireAnswered holds the answer to an acquire against the truth.
func (o *semOp) acquireAnswered(a semaphore.AcquireAnswer, err error) {
	o.heard, o.failed, o.yes = true, err, a.Acquired
	switch {
	case err != nil:
		o.refused(err)
	case a.Acquired:
		o.acquired(o.n)
	default:
		o.no("refused", func(s semState) bool { return s.refuses(o.request, o.n) })
		if !o.was(func(s semState) bool { return s.available() == int64(a.Available) }) {
			o.w.failf("%s: told that %d are available, which they never were (X3)", o.request, a.Available)
		}
		if a.Position != 0 && !o.was(func(s semState) bool { return s.of(o.request)-s.admitted()+1 == a.Position }) {
			o.w.failf("%s: told place %d, which it never had (X3)", o.request, a.Position)
		}
	}
}

// acquired: what was told as acquired was, and stays (S1, S3, S4).
func (o *semOp) acquired(n int64) {
	o.got = n
	switch {
	case o.life == nil:
		if !slices.ContainsFunc(o.oracle.deeds, func(d deed) bool {
			return d.what == counted && d.n == -n && d.by != nil && d.by.target == o.request
		}) {
			o.w.failf("%s: told of %d permits that it never took (S1)", o.request, n)
		}
		if took := o.oracle.taken[o.request]; took != n && !o.destroyed() {
			o.w.failf("%s: told of %d permits, and has taken %d (S3)", o.request, n, took)
		}
	case !o.oracle.now.holds(o.request) && !o.lostFairly():
		o.w.failf("%s: told that it holds, and does not (S3)", o.request)
	}
	if o.gone() {
		return
	}
	o.purse.permits += n
	if o.life != nil {
		o.purse.tickets = append(o.purse.tickets, o.request)
	}
}

// lostFairly reports that the request's ticket held, and went for a good reason.
func (o *semOp) lostFairly() bool {
	if !slices.ContainsFunc(o.oracle.deeds, func(d deed) bool { return d.what == admitted && d.request == o.request }) {
		return false
	}
	for _, d := range slices.Backward(o.oracle.deeds) {
		if d.what == gone && d.request == o.request {
			return d.by == nil && !d.swept || d.by != nil && d.by.kind == "release"
		}
		if d.what == destroyed {
			return true
		}
	}
	return false
}

// refused holds an error against the truth: at some moment since the request began, it was right (X3).
func (o *semOp) refused(err error) {
	var kind *semaphore.KindError
	switch {
	case errors.Is(err, session.ErrExpired):
		o.oracle.over[o.request] = "told that its session expired"
	case errors.As(err, &kind):
		o.no("of the wrong kind", func(s semState) bool { return s.there && s.sessionless != (o.life == nil) })
	case errors.Is(err, semaphore.ErrDestroyed):
		o.no("destroyed", func(semState) bool { return o.destroyed() })
	case errors.Is(err, semaphore.ErrNotInitialized):
		o.no("told that there is no semaphore", func(s semState) bool { return !s.there })
	case errors.Is(err, semaphore.ErrPermitsNotHeld):
		o.no("told that too little is held", func(s semState) bool {
			n := s.of(o.ticket)
			return o.ticket == "" && s.heldBy(o.session) < o.n || n >= 0 && !s.line[n].admitted
		})
	default:
		o.w.failf("%s of %s: %v", o.kind, o.request, err)
	}
}

// no notes that the request is over: nothing of it may be in line, now or later, and it may do nothing (X2).
func (o *semOp) no(why string, right func(semState) bool) {
	if !o.was(right) {
		o.w.failf("%s was %s, and that was wrong at any time since it was asked (X3)", o.request, why)
	}
	o.finish(why)
}

func (o *semOp) finish(why string) {
	if n := o.oracle.taken[o.request]; n != 0 {
		o.w.failf("%s was %s, and has taken %d (X2)", o.request, why, n)
	}
	if o.kind == "change" && len(o.oracle.doneBy(o, counted)) > 0 {
		o.w.failf("%s was %s, and has changed the permits (S4)", o.request, why)
	}
	o.oracle.over[o.request] = why
	o.oracle.checkLine()
}

func (o *semOp) was(match func(semState) bool) bool { return o.oracle.was(o.begun, match) }

// destroyed reports whether the semaphore was destroyed since the request began.
func (o *semOp) destroyed() bool {
	return slices.ContainsFunc(o.oracle.deeds, func(d deed) bool { return d.what == destroyed && d.step >= o.begun })
}

func (o *semOp) drainAnswered(n semaphore.Permits, err error) {
	o.heard, o.failed = true, err
	switch {
	case err != nil:
		o.refused(err)
	case n > 0:
		o.acquired(int64(n))
	case n == 0:
		o.no("told that nothing is left", func(s semState) bool {
			return s.there && (s.available() == 0 || s.available() > 0 && s.waited())
		})
	case !slices.ContainsFunc(o.oracle.doneBy(o, counted), func(d deed) bool { return d.n == -int64(n) }):
		o.w.failf("%s: told that it leveled %d, and did not (S4)", o.request, n)
	default:
		o.got = int64(n)
	}
}

func (o *semOp) releaseAnswered(a semaphore.ReleaseAnswer, err error) {
	o.heard, o.failed, o.got = true, err, int64(a.Released)
	done := int64(0)
	for _, d := range o.oracle.deeds {
		if d.by == o && (d.what == gone || d.what == counted) {
			done += max(d.n, -d.n)
		}
	}
	switch {
	case err != nil:
		o.refused(err)
		if done != 0 && !errors.Is(err, session.ErrExpired) {
			o.w.failf("%s: %v, and %d were released (S4)", o.request, err, done)
		}
		done = o.purse.permits // it knows of nothing that it could trust
	case a.AlreadyReleased && !o.was(func(s semState) bool { return s.of(o.ticket) < 0 }):
		o.w.failf("%s: told that %s is gone, and it never was (X3)", o.request, o.ticket)
	case !a.AlreadyReleased && done == 0 && o.ticket != "" && o.oracle.now.of(o.ticket) < 0:
		// gone by something else, and what came of the call's own transaction is not known: as good as by this one
	case !a.AlreadyReleased && done != int64(a.Released):
		o.w.failf("%s: told of %d released permits, and %d were (S4)", o.request, a.Released, done)
	}
	if o.gone() {
		return
	}
	o.purse.tickets = slices.DeleteFunc(o.purse.tickets, func(t string) bool { return t == o.ticket })
	o.purse.permits -= min(done, o.purse.permits)
	if o.life != nil { // what is held of a ticket, if anything is, its release finds out
		o.purse.permits = max(o.purse.permits, int64(len(o.purse.tickets)))
	}
	if o.life != nil && len(o.purse.tickets) == 0 {
		o.purse.permits = 0
	}
}

func (o *semOp) cancelAnswered(_ bool, err error) {
	if err != nil {
		o.refused(err)
		return
	}
	o.heard = true
	o.oracle.over[o.target] = "cancelled"
	if n := o.oracle.taken[o.target]; n != 0 {
		o.w.failf("%s was cancelled, and has taken %d (X2)", o.target, n)
	}
	o.oracle.checkLine()
}

func (o *semOp) changeAnswered(_ any, err error) {
	o.heard, o.failed = true, err
	if err != nil {
		o.refused(err)
	} else if n := len(o.oracle.doneBy(o, counted)); n != 1 && o.n != 0 {
		o.w.failf("%s: told that the permits are changed, and they were %d times (S4)", o.request, n)
	}
}

func (o *semOp) initAnswered(first bool, err error) {
	o.heard, o.failed, o.yes = true, err, first
	switch {
	case err != nil:
		o.refused(err)
	case !first:
		o.no("told that others were first", func(s semState) bool { return s.there })
	}
	if n := len(o.oracle.doneBy(o, initialized)); (n == 1) != first {
		o.w.failf("%s: told %v, and initialized %d times (S4)", o.request, first, n)
	}
}

// destroyAnswered: of several that destroy a semaphore one is told so, but for those that can't know.
func (o *semOp) destroyAnswered(there bool, err error) {
	o.heard, o.failed, o.yes = true, err, there
	did := len(o.oracle.doneBy(o, destroyed)) > 0
	switch {
	case err != nil:
		o.refused(err)
	case there && !did && !o.unsure():
		o.w.failf("%s: told that it destroyed, and it did not", o.request)
	case there && !o.destroyed():
		o.w.failf("%s: told that it is destroyed, and nobody did", o.request)
	case !there && did && o.attempt == 1:
		o.w.failf("%s: told that there was nothing to destroy, and it did", o.request)
	case !there && !o.was(func(s semState) bool { return !s.there }):
		o.w.failf("%s: told that there was nothing to destroy, and there always was (X3)", o.request)
	}
}

func (o *semOp) getAnswered(d semaphore.State, err error) {
	o.heard, o.failed, o.got, o.yes = true, err, int64(d.Available), d.Initialized
	if err == nil && !o.was(func(s semState) bool { return s.differs(d) == "" }) {
		err = fmt.Errorf("shown %+v, which it never was (X3)", d)
	}
	if err != nil {
		o.w.failf("%s: %v", o.request, err)
	}
}
