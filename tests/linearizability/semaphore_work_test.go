package linearizability_test

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// permitsOf are those of a semaphore at first.
const permitsOf = 4

// workOnSemaphore is one thing that a caller may do to a session-aware semaphore.
func (w *worker) workOnSemaphore() {
	switch n := w.rand.IntN(100); {
	case n < 40:
		if ticket, n, ok := w.acquire(w.ctx, true, w.patience()); ok {
			w.think(5 * time.Millisecond)
			w.release(ticket, n)
		}
	case n < 46:
		w.acquireTwice()
	case n < 52:
		w.drain(true)
	case n < 58:
		w.acquireAndLeave(true)
	case n < 61:
		w.acquire(w.ctx, true, durationpb.New(300*time.Millisecond))
		w.die()
	case n < 63:
		w.leave()
	case n < 67:
		w.releaseBy(w.name, 7) // more than it has
	default:
		w.manage(false)
	}
}

// workOnCounter is the same with a sessionless one.
func (w *worker) workOnCounter() {
	switch n := w.rand.IntN(100); {
	case n < 45:
		if _, n, ok := w.acquire(w.ctx, false, w.patience()); ok && w.chance(90) {
			w.give(n)
		}
	case n < 52:
		w.give(1)
	case n < 58:
		w.drain(false)
	case n < 60:
		w.acquireAndLeave(false)
	default:
		w.manage(true)
	}
}

// manage looks at the semaphore, and changes how many permits there are.
func (w *worker) manage(sessionless bool) {
	switch n := w.rand.IntN(100); {
	case n < 10:
		w.asks(&cpgatev1.ReducePermitsRequest{Name: w.object, Permits: 1 + w.rand.Int32N(2), RequestId: w.id()})
	case n < 17:
		w.asks(&cpgatev1.IncreasePermitsRequest{Name: w.object, Permits: 1 + w.rand.Int32N(2), RequestId: w.id()})
	case n < 22:
		w.once(&cpgatev1.DestroySemaphoreRequest{Name: w.object})
		w.initialize(sessionless)
	case n < 30:
		w.initialize(sessionless)
	default:
		w.lookAtSemaphore(sessionless)
	}
}

// asks makes a call that may go on when the work is over: it must not stay unknown.
func (w *worker) asks(q proto.Message) { _, _ = ask[proto.Message](w.life, w, q) }

func (w *worker) initialize(sessionless bool) {
	w.asks(&cpgatev1.InitSemaphoreRequest{
		Name: w.object, Permits: permitsOf, Sessionless: sessionless, RequestId: w.id(),
	})
}

// lookAtSemaphore mends it where next to nothing is available, or very much.
func (w *worker) lookAtSemaphore(sessionless bool) {
	a, err := ask[*cpgatev1.GetSemaphoreResponse](w.ctx, w, &cpgatev1.GetSemaphoreRequest{Name: w.object})
	if err != nil {
		return
	}
	switch s := a.GetSemaphore(); {
	case !s.GetInitialized():
		w.initialize(sessionless)
	case s.GetAvailable() < 0 && w.chance(40), s.GetAvailable() < 2 && w.chance(5):
		w.asks(&cpgatev1.IncreasePermitsRequest{Name: w.object, Permits: 2, RequestId: w.id()})
	case s.GetAvailable() > permitsOf+2:
		w.asks(&cpgatev1.ReducePermitsRequest{Name: w.object, Permits: 2, RequestId: w.id()})
	}
}

// acquire acquires one to three permits, each time as another owner.
func (w *worker) acquire(ctx context.Context, in bool, patience *durationpb.Duration) (ticket string, n int32, ok bool) {
	session := ""
	if in {
		if session, ok = w.enter(); !ok {
			return "", 0, false
		}
	}
	id, permits := w.id(), 1+w.rand.Int32N(3)
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	q := &cpgatev1.AcquireRequest{Name: w.object, SessionId: session, Permits: &permits, Timeout: patience, RequestId: id}
	if in {
		q.Owner = id
	}
	a, err := ask[*cpgatev1.AcquireResponse](ctx, w, q)
	if err != nil {
		if _, lost := reasonOf(err); lost {
			w.asks(&cpgatev1.CancelAcquireRequest{Name: w.object, SessionId: session, RequestId: id})
		}
		return "", 0, false
	}
	return id, permits, a.GetOutcome() == cpgatev1.AcquireResponse_ACQUIRED
}

// release gives what a ticket got back: by its name, or by its owner in two portions.
func (w *worker) release(ticket string, n int32) {
	switch session, ok := w.enter(); {
	case !ok:
	case n == 1 || w.chance(60):
		w.asks(&cpgatev1.ReleaseRequest{Name: w.object, SessionId: session, TicketId: ticket, RequestId: w.id()})
	default:
		w.releaseBy(ticket, 1)
		w.releaseBy(ticket, n-1)
	}
}

// releaseBy gives permits back by number.
func (w *worker) releaseBy(owner string, n int32) {
	if session, ok := w.enter(); ok {
		w.asks(&cpgatev1.ReleaseRequest{
			Name: w.object, SessionId: session, Owner: owner, Permits: &n, RequestId: w.id(),
		})
	}
}

// acquireTwice has another owner give back what two have.
func (w *worker) acquireTwice() {
	_, one, ok := w.acquire(w.ctx, true, durationpb.New(0))
	session := w.session
	if _, two, too := w.acquire(w.ctx, true, durationpb.New(0)); ok && too && w.session == session {
		w.releaseBy("somebody else", one+two)
	}
	w.leave()
}

func (w *worker) drain(in bool) {
	session, id := "", w.id()
	if in {
		var ok bool
		if session, ok = w.enter(); !ok {
			return
		}
	}
	q := &cpgatev1.DrainPermitsRequest{Name: w.object, SessionId: session, RequestId: id}
	if in {
		q.Owner = id
	}
	a, err := ask[*cpgatev1.DrainPermitsResponse](w.life, w, q)
	switch n := a.GetDrained(); {
	case err != nil || n <= 0:
	case in:
		w.release(id, n)
	default:
		w.give(n)
	}
}

// give releases permits of a sessionless semaphore.
func (w *worker) give(n int32) {
	w.asks(&cpgatev1.ReleaseRequest{Name: w.object, Permits: &n, RequestId: w.id()})
}

// acquireAndLeave waits for a moment only.
func (w *worker) acquireAndLeave(in bool) {
	ctx, cancel := context.WithTimeout(w.ctx, w.upTo(50*time.Millisecond))
	defer cancel()
	switch ticket, n, ok := w.acquire(ctx, in, nil); {
	case !ok:
	case in:
		w.release(ticket, n)
	default:
		w.give(n)
	}
}
