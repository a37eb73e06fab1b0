package linearizability_test

import (
	"context"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// workOnLatch is one thing that a caller may do to a latch.
func (w *worker) workOnLatch() {
	switch n := w.rand.IntN(100); {
	case n < 20:
		w.asks(&cpgatev1.TrySetCountRequest{Name: w.object, Count: 1 + w.rand.Int32N(6), RequestId: w.id()})
	case n < 60:
		w.arrive()
	case n < 82:
		w.await()
	case n < 97:
		w.look()
	default:
		w.once(&cpgatev1.DestroyLatchRequest{Name: w.object})
	}
}

// look gives the round that is on.
func (w *worker) look() int64 {
	a, _ := ask[*cpgatev1.GetLatchResponse](w.ctx, w, &cpgatev1.GetLatchRequest{Name: w.object})
	return a.GetLatch().GetRound()
}

// arrive counts down in the round that is on, in one that was on just now, or in one to come.
func (w *worker) arrive() {
	q := &cpgatev1.CountDownRequest{Name: w.object, RequestId: w.id()}
	switch n := w.rand.IntN(10); {
	case n < 4:
		q.Round = w.look()
	case n == 4:
		q.Round = w.look() + 1
	}
	w.asks(q)
}

func (w *worker) await() {
	ctx, cancel := context.WithTimeout(w.ctx, longestWait/2)
	defer cancel()
	_, _ = ask[*cpgatev1.AwaitResponse](ctx, w, &cpgatev1.AwaitRequest{Name: w.object, Timeout: w.patience()})
	w.think(5 * time.Millisecond)
}
