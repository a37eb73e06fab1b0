package linearizability_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// finish looks at all that was worked on: all sessions are closed or have expired, so nothing is held, and nobody waits
// (X1, X2).
func (s *site) finish(t *testing.T, l *load, seed uint64) {
	t.Helper()
	w := &worker{load: l, rand: rand.New(rand.NewPCG(seed, 1)), ways: s.ways(l.recorder, "at the end", false)}
	for i, kind := range objects {
		w.object = fmt.Sprintf("%s-%d-%d", kind, seed, i)
		left := w.left(kind)
		for end := time.Now().Add(time.Minute); left != "" && time.Now().Before(end); left = w.left(kind) {
			sleep(w.life, 200*time.Millisecond)
		}
		if left != "" {
			t.Errorf("%s, and all have stopped: %s", w.object, left)
		}
	}
}

// left tells what is held of the object, or who waits; empty when nobody does.
func (w *worker) left(kind string) string {
	switch kind {
	case "lock":
		a, err := ask[*cpgatev1.GetLockResponse](w.life, w, &cpgatev1.GetLockRequest{Name: w.object})
		if l := a.GetLock(); err != nil || l.GetHolder() != nil || l.GetWaiterCount() > 0 {
			return fmt.Sprint(err, l)
		}
	case "semaphore", "counter":
		a, err := ask[*cpgatev1.GetSemaphoreResponse](w.life, w, &cpgatev1.GetSemaphoreRequest{Name: w.object})
		if m := a.GetSemaphore(); err != nil || m.GetHolderCount() > 0 || m.GetWaiterCount() > 0 {
			return fmt.Sprint(err, m)
		}
	default:
		w.look()
	}
	return ""
}
