package linearizability_test

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// workOnLock is one thing that a caller may do to a lock.
func (w *worker) workOnLock() {
	switch n := w.rand.IntN(100); {
	case n < 68:
		w.lockFor(w.patience())
	case n < 80:
		_, _ = ask[*cpgatev1.GetLockResponse](w.ctx, w, &cpgatev1.GetLockRequest{Name: w.object})
	case n < 86:
		w.lockAndLeave()
	case n < 92:
		w.unlock(1 + w.rand.Int64N(1000)) // a fence that is nobody's any more
	case n < 94:
		w.lockAndDie()
	case n < 96:
		w.leave()
	case n < 98:
		w.once(&cpgatev1.ForceUnlockRequest{Name: w.object})
	default:
		w.think(100 * time.Millisecond)
	}
}

// patience is how long to wait: not at all, for a time, or (nil) without a limit.
func (w *worker) patience() *durationpb.Duration {
	switch n := w.rand.IntN(10); {
	case n < 5:
		return durationpb.New(0)
	case n < 8:
		return durationpb.New(20*time.Millisecond + w.upTo(300*time.Millisecond))
	}
	return nil
}

// lockFor locks, perhaps more than once, and unlocks as often.
func (w *worker) lockFor(patience *durationpb.Duration) {
	holds, fence := 0, int64(0)
	for more := true; more; more = holds < 3 && w.chance(30) {
		f, ok := w.lock(w.ctx, patience, w.id())
		if !ok {
			break
		}
		fence = f
		holds++
	}
	w.think(5 * time.Millisecond)
	for range holds {
		w.unlock(fence)
	}
}

// lock reports whether it got the lock. Whoever waited for too long has left the line.
func (w *worker) lock(ctx context.Context, patience *durationpb.Duration, id string) (fence int64, ok bool) {
	session, ok := w.enter()
	if !ok {
		return 0, false
	}
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	q := &cpgatev1.LockRequest{Name: w.object, SessionId: session, Owner: w.name, Timeout: patience, RequestId: id}
	a, err := ask[*cpgatev1.LockResponse](ctx, w, q)
	if err != nil {
		if _, lost := reasonOf(err); lost {
			_, _ = ask[*cpgatev1.CancelLockResponse](w.life, w, &cpgatev1.CancelLockRequest{
				Name: w.object, SessionId: session, Owner: w.name, RequestId: id,
			})
		}
		return 0, false
	}
	return a.GetFence(), a.GetOutcome() == cpgatev1.LockResponse_ACQUIRED
}

func (w *worker) unlock(fence int64) {
	session, ok := w.enter()
	if !ok {
		return
	}
	_, _ = ask[*cpgatev1.UnlockResponse](w.life, w, &cpgatev1.UnlockRequest{
		Name: w.object, SessionId: session, Owner: w.name, Fence: fence, RequestId: w.id(),
	})
}

// lockAndLeave waits for a moment only.
func (w *worker) lockAndLeave() {
	ctx, cancel := context.WithTimeout(w.ctx, w.upTo(50*time.Millisecond))
	defer cancel()
	if fence, ok := w.lock(ctx, nil, w.id()); ok {
		w.unlock(fence)
	}
}

// lockAndDie leaves a lock that it has, or its place in line.
func (w *worker) lockAndDie() {
	w.lock(w.ctx, durationpb.New(500*time.Millisecond), w.id())
	w.die()
}
