package client_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func TestPermits_AreGivenBackOnce(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 5)
	mine := acquire(t, m, 2)
	acquire(t, m, 3)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := mine.Release(within(t)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	awaitAvailable(t, m, 2)
	release(t, mine)
	expectAvailable(t, m, 2)
}

// acquire(3), release(1), release(2).
func TestRelease_InOtherPortionsThanAcquired(t *testing.T) {
	c := cpgatetest.Start(t).Client(t)
	m := pool(t, c, 5)
	acquire(t, m, 3)
	acquire(t, m, 2)
	for _, step := range []struct{ give, available int }{{1, 1}, {0, 1}, {2, 3}, {2, 5}} {
		releaseSome(t, m, step.give)
		expectAvailable(t, m, step.available)
	}
	if err := m.Release(within(t), 1); !errors.Is(err, client.ErrPermitsNotHeld) {
		t.Errorf("one more: %v", err)
	}
	expectAvailable(t, m, 5)
	if n := c.Places(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

func TestRelease_OfMoreThanTheHandleHasReleasesNothing(t *testing.T) {
	node := cpgatetest.Start(t)
	c := node.Client(t)
	m := pool(t, c, 5)
	acquire(t, m, 2)
	acquire(t, c.Semaphore("pool"), 1)
	if err := m.Release(within(t), 3); !errors.Is(err, client.ErrPermitsNotHeld) {
		t.Error(err)
	}
	expectAvailable(t, m, 2)
	releaseSome(t, m, 2)
	expectAvailable(t, m, 4)
}

func TestPermits_GiveBackWhatByNumberWasLeft(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 5)
	first, second := acquire(t, m, 3), acquire(t, m, 2)
	releaseSome(t, m, 2)
	release(t, second)
	expectAvailable(t, m, 4)
	release(t, first)
	expectAvailable(t, m, 5)
	release(t, first)
	expectAvailable(t, m, 5)
}

func TestPermits_OfOneHandleInManyPortionsAtOnce(t *testing.T) {
	const all = 40
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 2*all)
	mine, theirs := acquire(t, m, all), acquire(t, node.Client(t).Semaphore("pool"), all)
	var wg sync.WaitGroup
	for range all - 1 {
		wg.Go(func() {
			if err := m.Release(within(t), 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	release(t, mine)
	expectAvailable(t, m, all)
	release(t, theirs)
}

func TestDrain_TakesAllThereAre(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 5)
	acquire(t, m, 2)
	three, n, err := m.Drain(within(t))
	if n != 3 || err != nil || three.Count() != 3 {
		t.Fatalf("%d, %v", n, err)
	}
	none, n, err := m.Drain(within(t))
	if n != 0 || err != nil || none.Count() != 0 {
		t.Fatalf("again: %d, %v", n, err)
	}
	release(t, none)
	expectAvailable(t, m, 0)
	release(t, three)
	expectAvailable(t, m, 3)
	releaseSome(t, m, 2)
}

func TestDrain_OfFewerThanNoneSaysSoAndTakesNothing(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	three := acquire(t, m, 3)
	if err := m.Reduce(within(t), 2); err != nil {
		t.Fatal(err)
	}
	none, n, err := m.Drain(within(t))
	if n != -2 || err != nil || none.Count() != 0 {
		t.Fatalf("%d, %v", n, err)
	}
	expectAvailable(t, m, 0)
	release(t, three)
	expectAvailable(t, m, 3)
}

func TestPermits_LostWithTheirSessionSaySo(t *testing.T) {
	node := cpgatetest.Start(t)
	s, c := wire(t, node.Addr()), node.Client(t)
	m := pool(t, c, 3)
	a, b := acquire(t, m, 1), acquire(t, m, 1)
	select {
	case <-a.Lost():
		t.Fatal("lost from the start")
	default:
	}
	endSession(t, s, sessionID(t, c))
	if err := b.Release(within(t)); !errors.Is(err, client.ErrOwnershipLost) {
		t.Error(err)
	}
	receive(t, a.Lost())
	if err := m.Release(within(t), 1); !errors.Is(err, client.ErrPermitsNotHeld) {
		t.Errorf("by number: %v", err)
	}
	if err := a.Release(within(t)); !errors.Is(err, client.ErrOwnershipLost) || !errors.Is(err, client.ErrSessionExpired) {
		t.Error(err)
	}
	if err := a.Release(within(t)); err != nil {
		t.Errorf("again: %v", err)
	}
	releaseSome(t, m, acquire(t, m, 3).Count()) // the handle stays usable
	expectAvailable(t, m, 3)
}

func TestPermits_OfADestroyedSemaphoreSaySoAlsoInPortions(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	acquire(t, m, 3)
	releaseSome(t, m, 1)
	if _, err := wire(t, node.Addr()).DestroySemaphore(within(t), &cpgatev1.DestroySemaphoreRequest{Name: "pool"}); err != nil {
		t.Fatal(err)
	}
	if err := m.Release(within(t), 1); !errors.Is(err, client.ErrOwnershipLost) || !errors.Is(err, client.ErrPermitsNotHeld) {
		t.Error(err)
	}
}

// Every acquire takes a place in a session, and gives it back with the last of its permits.
func TestPermits_OfMoreAcquiresThanASessionHasPlaceFor(t *testing.T) {
	const crowd = client.Room + 100
	node := cpgatetest.Start(t)
	s, m := wire(t, node.Addr()), pool(t, node.Client(t), 2*crowd)
	for range 2 {
		var wg sync.WaitGroup
		for range crowd {
			wg.Go(func() {
				if _, err := m.Acquire(within(t), 2); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		expectAvailable(t, m, 0)
		releaseSome(t, m, 1)
		releaseSome(t, m, 2*crowd-1)
		expectAvailable(t, m, 2*crowd)
	}
	r, err := s.ListSessions(within(t), &cpgatev1.ListSessionsRequest{})
	if err != nil || len(r.GetSessions()) != 2 {
		t.Errorf("sessions %v, %v", r.GetSessions(), err)
	}
}
