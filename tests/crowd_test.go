package tests_test

import (
	"fmt"
	"sync"
	"testing"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const crowd = 300

// All wait for one lock at once, over both routes, and each gets its turn, one at a time (L1, L4).
func TestCrowd_EachGetsTheLockInTurn(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		id := r.session(0)
		r.hold(&cpgatev1.LockRequest{Name: name, SessionId: id})
		var waits []*pending[*cpgatev1.LockResponse]
		for n := range crowd {
			waits = append(waits, r.lock(&cpgatev1.LockRequest{Name: name, SessionId: id, Owner: fmt.Sprint(n)}))
		}
		line := r.awaitLine(name, crowd+1)
		place := map[string]int{}
		for n, w := range line {
			place[w.GetOwner()] = n
		}
		var inside room
		var all sync.WaitGroup
		for n, w := range waits {
			all.Go(func() {
				owner := fmt.Sprint(n)
				a, err := w.end(r.T)
				if err != nil {
					r.Errorf("%s: %v", owner, err)
					return
				}
				if want := line[place[owner]].GetFence(); a.GetFence() != want {
					r.Errorf("%s got fence %d, stood in line with %d", owner, a.GetFence(), want)
				}
				inside.visit(r.T, owner, a.GetFence())
				r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: id, Owner: owner, Fence: a.GetFence()})
			})
		}
		r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: id})
		all.Wait()
		r.awaitLine(name, 0)
	})
}

// All want permits of one semaphore, of which there are never more than its limit at a time (S1), and count down a latch
// that many of them await (C3).
func TestCrowd_SharesPermitsAndPassesALatch(t *testing.T) {
	const limit = 7
	everyRoute(t, func(r *rig, name string) {
		id := r.session(0)
		r.initialize(&cpgatev1.InitSemaphoreRequest{Name: name, Permits: limit})
		set := &cpgatev1.TrySetCountRequest{Name: name, Count: crowd}
		must(r.TrySetCount(r.soon(), set))(r.T)
		inside := make(chan struct{}, limit)
		var all sync.WaitGroup
		for range crowd {
			all.Go(func() {
				r.take(&cpgatev1.AcquireRequest{Name: name, SessionId: id})
				select {
				case inside <- struct{}{}:
				default:
					r.Error("more are inside than there are permits")
				}
				<-inside
				r.release(name, id, 1)
				if _, err := r.CountDown(r.soon(), &cpgatev1.CountDownRequest{Name: name}); err != nil {
					r.Error(err)
				}
				a, err := r.Await(r.soon(), &cpgatev1.AwaitRequest{Name: name})
				if err != nil || !a.GetCompleted() {
					r.Errorf("awaiting: %v, %v", a, err)
				}
			})
		}
		all.Wait()
	})
}
