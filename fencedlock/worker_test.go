package fencedlock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// tired is when a worker leaves a wait that has no end: the others may be waiting as well.
const tired = 20 * time.Millisecond

// worker is one caller of one lock in a random run. It has one call under way at a time, or two on purpose, loses
// connections, comes back or not, and knows at each moment how often it holds.
type worker struct {
	name     string
	lock     keys.Name
	rng      *rand.Rand
	gateways []*gateway
	rec      *record
	ctx      context.Context

	who      fencedlock.Caller
	sessions int
	requests int
	count    int       // the holds it was told of and has not given back
	span     *heldSpan // of those
	loose    int       // calls that it left for good: what they got goes by itself
	story    []string
}

func (k *worker) notef(format string, args ...any) {
	k.rec.mu.Lock()
	defer k.rec.mu.Unlock()
	k.story = append(k.story, fmt.Sprintf("%d %s: ", k.rec.tick(), k.name)+fmt.Sprintf(format, args...))
}

func (k *worker) faultf(format string, args ...any) {
	k.rec.faultf("%s, with %d holds and %d loose: %s", k.name, k.count, k.loose, fmt.Sprintf(format, args...))
}

func (k *worker) any() *gateway { return k.gateways[k.rng.IntN(len(k.gateways))] }

func (k *worker) pause(most time.Duration) { time.Sleep(time.Duration(k.rng.Int64N(int64(most)))) }

// open opens a session that nobody had before.
func (k *worker) open() {
	k.sessions++
	request := fmt.Sprintf("%s%s/%s/%d", k.gateways[0].w.prefix, k.lock, k.name, k.sessions)
	for {
		b, err := k.any().sessions.Open(k.ctx, session.Opening{RequestID: request, TTLSeconds: 60})
		if err == nil {
			k.who = fencedlock.Caller{Session: b.ID, Owner: k.name}
			return
		}
		if !errors.Is(err, store.ErrUnavailable) {
			k.faultf("opening a session: %v", err)
			return
		}
	}
}

// work does one thing.
func (k *worker) work() {
	switch n := k.rng.IntN(20); {
	case n == 0:
		k.close()
	case n == 1:
		k.force()
	case n == 2:
		k.cancelNothing()
	case n == 3:
		k.look()
	case n < 11 && k.count > 0:
		k.unlock()
	case n < 13:
		k.twice()
	default:
		k.acquire()
	}
}

// end gives everything back, and checks that it was exactly as often as it was told.
func (k *worker) end() {
	for k.count > 0 {
		k.unlock()
	}
}

func (k *worker) newRequest() fencedlock.LockRequest {
	k.requests++
	r := fencedlock.LockRequest{Name: k.lock, Caller: k.who, RequestID: fmt.Sprintf("%s.%d", k.name, k.requests)}
	if k.rng.IntN(3) > 0 {
		r.Timeout = within(time.Duration(k.rng.IntN(4)) * time.Millisecond)
	}
	return r
}

// acquire asks for the lock, now and then by several attempts, of which it leaves all but the last.
func (k *worker) acquire() {
	r := k.newRequest()
	for ; ; r.Attempt++ {
		ctx, leave := context.WithCancel(k.ctx)
		leaves := k.rng.IntN(3) == 0
		if leaves {
			time.AfterFunc(time.Duration(k.rng.IntN(2000))*time.Microsecond, leave)
		} else if r.Timeout == nil {
			time.AfterFunc(tired, leave)
		}
		k.notef("asks for %s #%d (leaves: %v)", r.RequestID, r.Attempt, leaves)
		a, err := k.any().Lock(ctx, r)
		leave()
		k.notef("%s #%d: %+v %v", r.RequestID, r.Attempt, a, err)
		switch {
		case errors.Is(err, context.Canceled):
			if k.walkAway(r) {
				return
			}
		case !errors.Is(err, store.ErrUnavailable):
			k.told(r, a, err)
			return
		}
	}
}

// walkAway decides what to do about a call that was left: false to ask again.
func (k *worker) walkAway(r fencedlock.LockRequest) bool {
	switch n := k.rng.IntN(3); {
	case n == 0 && r.Timeout != nil:
		return false
	case n == 1 && k.count == 0 && r.Attempt == 0: // a later attempt may have found a hold, which stays until cancelled
		k.loose++
		k.notef("never comes back for %s", r.RequestID)
		return true
	}
	k.cancel(r.RequestID)
	return true
}

// cancel ends a request for good.
func (k *worker) cancel(request string) {
	for {
		did, err := k.any().Cancel(k.ctx, fencedlock.CancelRequest{Name: k.lock, Caller: k.who, RequestID: request})
		k.notef("cancels %s: %v %v", request, did, err)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrUnavailable) {
			k.faultf("cancelling %s: %v", request, err)
			return
		}
	}
}

func (k *worker) cancelNothing() {
	k.requests++
	k.cancel(fmt.Sprintf("%s.%d", k.name, k.requests))
}

// told takes note of the answer to a lock request.
func (k *worker) told(r fencedlock.LockRequest, a fencedlock.LockAnswer, err error) {
	switch {
	case (errors.Is(err, fencedlock.ErrOwnershipLost) || errors.Is(err, fencedlock.ErrWaitCancelled)) && k.rec.everForced():
		// an earlier attempt held, and that was taken
	case err != nil:
		k.faultf("%s: %v", r.RequestID, err)
	case a.Outcome == fencedlock.NotAcquired:
		if k.count > 0 && !k.rec.mayBeForced(k.span.fence) {
			k.faultf("%s: refused, and holds", r.RequestID)
		}
	case a.Outcome == fencedlock.Acquired:
		k.acquired(r.RequestID, a, 1)
	default:
		k.faultf("%s: %+v", r.RequestID, a)
	}
}

// acquired takes note of a hold; most is how many may have come besides what it knew, at least 1.
func (k *worker) acquired(request string, a fencedlock.LockAnswer, most int) {
	if k.count > 0 && a.Fence < k.span.fence && k.rec.mayBeForced(a.Fence) {
		return // taken before it heard of it
	}
	if k.count > 0 && a.Fence != k.span.fence {
		if !k.rec.mayBeForced(k.span.fence) {
			k.faultf("%s: held under %d, was under %d (L5)", request, a.Fence, k.span.fence)
		}
		k.lost()
	}
	if a.HoldCount < 1 || a.HoldCount > k.count+most+k.loose || most == 1 && a.HoldCount < k.count+1 {
		k.faultf("%s: hold count %d (S4)", request, a.HoldCount)
	}
	if k.count == 0 {
		k.span = k.rec.begins(k.name, a.Fence)
	}
	k.count++
}

// lost takes note that its holds were taken.
func (k *worker) lost() {
	if k.count > 0 {
		k.rec.ends(k.span)
	}
	k.count = 0
}

// twice asks twice at a time: by two attempts of one request, or by two requests of which the one that comes second
// takes the other's place.
func (k *worker) twice() {
	first := k.newRequest()
	second := first
	if k.rng.IntN(2) == 0 {
		second = k.newRequest()
	} else {
		second.Attempt = 1
	}
	same := second.Attempt > 0
	k.notef("asks twice: %s, %s", first.RequestID, second.RequestID)
	ctx, leave := context.WithTimeout(k.ctx, tired)
	defer leave()
	p := k.any().beginWith(ctx, first)
	k.pause(time.Millisecond)
	q := k.any().beginWith(ctx, second)
	<-p.done
	<-q.done
	k.notef("the first got %+v %v, the second %+v %v", p.answer, p.err, q.answer, q.err)
	if p.answer.Fence > q.answer.Fence {
		p, q = q, p
	}
	if same && p.answer.Fence != 0 && p.answer.Fence == q.answer.Fence {
		k.settle(p, p) // the same hold, told twice
		return
	}
	if same && p.err != nil && q.answer.Fence != 0 && k.rec.mayBeForced(q.answer.Fence) {
		k.cancel(second.RequestID) // what the one was told of may be gone, and the other have asked anew
		return
	}
	k.settle(p, q)
	k.settle(q, p)
}

// settle takes note of one of two answers, the one with the lower fence first.
func (k *worker) settle(p, other *pending) {
	held := other.err == nil && other.answer.Outcome == fencedlock.Acquired
	switch {
	case errors.Is(p.err, fencedlock.ErrWaitCancelled), errors.Is(p.err, fencedlock.ErrOwnershipLost):
	case p.err != nil && p.r.RequestID == other.r.RequestID && held: // its other attempt was told of it
	case p.err != nil:
		k.cancel(p.r.RequestID)
	case p.answer.Outcome == fencedlock.Acquired:
		k.acquired(p.r.RequestID, p.answer, 2)
	}
}

// unlock gives one hold back, by as many attempts as it takes.
func (k *worker) unlock() {
	k.requests++
	r := fencedlock.UnlockRequest{
		Name: k.lock, Caller: k.who, Fence: k.span.fence, RequestID: fmt.Sprintf("%s.%d", k.name, k.requests),
	}
	if k.count == 1 {
		k.rec.ends(k.span)
	}
	for attempt := 0; ; attempt++ {
		ctx, leave := context.WithCancel(k.ctx)
		if k.rng.IntN(4) == 0 {
			time.AfterFunc(time.Duration(k.rng.IntN(500))*time.Microsecond, leave)
		}
		a, err := k.any().Unlock(ctx, r)
		leave()
		k.notef("unlock %s #%d: %+v %v", r.RequestID, attempt, a, err)
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, store.ErrUnavailable):
		case err == nil && k.rng.IntN(4) == 0 && a.HoldCount > 0:
			// it did not hear, and asks again
		default:
			k.unlocked(r, attempt, a, err)
			return
		}
	}
}

func (k *worker) unlocked(r fencedlock.UnlockRequest, attempt int, a fencedlock.UnlockAnswer, err error) {
	forced := k.rec.mayBeForced(r.Fence)
	switch {
	case err != nil && forced:
		k.lost()
		return
	case err != nil:
		k.faultf("unlocking %s: %v", r.RequestID, err)
	case a.AlreadyReleased && (k.count != 1 || attempt == 0):
		k.faultf("unlocking %s: already released", r.RequestID)
	case !forced && (a.HoldCount < k.count-1 || a.HoldCount > k.count-1+k.loose):
		k.faultf("unlocking %s: %d holds left (S4)", r.RequestID, a.HoldCount)
	}
	k.count--
}

// close ends the session, and goes on with another.
func (k *worker) close() {
	k.lost()
	for {
		_, err := k.any().sessions.Close(k.ctx, k.who.Session)
		k.notef("closes its session: %v", err)
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrUnavailable) {
			k.faultf("closing: %v", err)
			break
		}
	}
	k.loose = 0
	k.open()
}

// force is an operator's doing.
func (k *worker) force() {
	done := k.rec.forcing()
	t, err := k.any().ForceUnlock(k.ctx, k.lock, 0)
	for errors.Is(err, store.ErrUnavailable) { // what it did is unknown: all that follows may be its doing
		t, err = k.any().ForceUnlock(k.ctx, k.lock, 0)
	}
	k.notef("forces: %+v %v", t, err)
	switch {
	case err != nil:
		k.faultf("forcing: %v", err)
	case t == nil:
		done(0)
	default:
		done(t.Fence)
	}
}

// look checks that the lock shows who holds it (X3).
func (k *worker) look() {
	s, err := k.any().Get(k.ctx, k.lock)
	switch {
	case err != nil:
		k.faultf("looking: %v", err)
	case k.count == 0 || k.rec.mayBeForced(k.span.fence):
	case s.Holder == nil || s.Holder.Caller != k.who || s.Fence != k.span.fence || s.HoldCount < k.count || s.HoldCount > k.count+k.loose:
		k.faultf("the lock shows %+v, not fence %d", s, k.span.fence)
	}
}
