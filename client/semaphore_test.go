package client_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

func TestSemaphore_LendsAsManyAsThereAre(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	two := acquire(t, m, 2)
	acquire(t, node.Client(t).Semaphore("pool"), 1)
	for name, other := range map[string]*client.Semaphore{
		"the same handle":                      m,
		"another client":                       node.Client(t).Semaphore("pool"),
		"the same name with the default group": node.Client(t).Semaphore("pool@default"),
	} {
		if p, ok, err := other.TryAcquire(within(t), 1, 0); p != nil || ok || err != nil {
			t.Errorf("%s: %v, %v, %v", name, p, ok, err)
		}
	}
	release(t, two)
	expectAvailable(t, m, 2)
}

func TestSemaphore_NeverMoreAtOnceThanThereAre(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	clients := []*client.Client{node.Client(t), node.Client(t)}
	var wg sync.WaitGroup
	var inside, most atomic.Int64
	for n := range 30 {
		wg.Go(func() {
			size := 1 + n%2
			err := clients[n%2].Semaphore("pool").Do(within(t), size, func(context.Context) error {
				if now := inside.Add(int64(size)); now > most.Load() {
					most.Store(now)
				}
				time.Sleep(time.Millisecond)
				inside.Add(int64(-size))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 {
		t.Errorf("%d at once", most.Load())
	}
	expectAvailable(t, m, 3)
}

func TestInit_IsOnce(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	if ok, err := node.Client(t).Semaphore("pool").Init(within(t), 5); ok || err != nil {
		t.Errorf("again: %v, %v", ok, err)
	}
	expectAvailable(t, m, 3)
}

func TestAcquire_BeforeInitWaitsForIt(t *testing.T) {
	node := cpgatetest.Start(t)
	waiting := acquireAside(within(t), node.Client(t).Semaphore("pool"), 2)
	m := node.Client(t).Semaphore("pool")
	awaitWaiting(t, m, 1)
	pool(t, node.Client(t), 3)
	if l := receive(t, waiting); l.err != nil {
		t.Error(l.err)
	}
	expectAvailable(t, m, 1)
}

func TestAcquire_IsFirstComeFirstServed(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 2)
	one := acquire(t, m, 1)
	large := acquireAside(within(t), node.Client(t).Semaphore("pool"), 2)
	awaitWaiting(t, m, 1)
	if _, ok, err := m.TryAcquire(within(t), 1, 0); ok || err != nil {
		t.Errorf("overtook a waiter: %v, %v", ok, err)
	}
	release(t, one)
	l := receive(t, large)
	if l.err != nil {
		t.Fatal(l.err)
	}
	release(t, l.permits)
	expectAvailable(t, m, 2)
}

func TestTryAcquire_WaitsForItsTimeoutAndNoLonger(t *testing.T) {
	node := cpgatetest.Start(t)
	for _, options := range kinds {
		m := pool(t, node.Client(t), 1, options...)
		acquire(t, m, 1)
		for _, timeout := range []time.Duration{-time.Second, 0, 300 * time.Millisecond} {
			start := time.Now()
			_, ok, err := m.TryAcquire(within(t), 1, timeout)
			if took := time.Since(start); ok || err != nil || took < timeout || took > timeout+5*time.Second {
				t.Errorf("timeout %s: %v, %v after %s", timeout, ok, err, took)
			}
		}
		destroy(t, m)
	}
}

func TestTryAcquire_GetsWhatIsReleasedInTime(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 2)
	busy := acquire(t, m, 2)
	done := make(chan lent, 1)
	go func() {
		p, _, err := node.Client(t).Semaphore("pool").TryAcquire(within(t), 2, soon)
		done <- lent{p, err}
	}()
	awaitWaiting(t, m, 1)
	release(t, busy)
	if l := receive(t, done); l.permits == nil || l.permits.Count() != 2 || l.err != nil {
		t.Errorf("%+v", l)
	}
}

func destroy(t *testing.T, m *client.Semaphore) {
	t.Helper()
	if ok, err := m.Destroy(within(t)); !ok || err != nil {
		t.Fatalf("destroyed %v, %v", ok, err)
	}
}

func TestDestroy_EndsEveryWait(t *testing.T) {
	node := cpgatetest.Start(t)
	for name, options := range kinds {
		m := pool(t, node.Client(t), 1, options...)
		held := acquire(t, m, 1)
		waiting := acquireAside(within(t), node.Client(t).Semaphore("pool", options...), 1)
		awaitWaiting(t, m, 1)
		destroy(t, m)
		if l := receive(t, waiting); !errors.Is(l.err, client.ErrDestroyed) {
			t.Errorf("%s: %v", name, l.err)
		}
		if ok, err := m.Destroy(within(t)); ok || err != nil {
			t.Errorf("%s: destroyed again: %v, %v", name, ok, err)
		}
		if options == nil {
			if err := held.Release(within(t)); !errors.Is(err, client.ErrOwnershipLost) {
				t.Errorf("%s: releasing what is void: %v", name, err)
			}
		}
	}
}

func TestReduce_MayLeaveFewerThanNoneUntilThereIsRoom(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	three := acquire(t, m, 3)
	if err := m.Reduce(within(t), 2); err != nil {
		t.Fatal(err)
	}
	expectAvailable(t, m, -2)
	release(t, three)
	expectAvailable(t, m, 1)
	if err := m.Increase(within(t), 4); err != nil {
		t.Fatal(err)
	}
	acquire(t, m, 5)
	if s := look(t, m); s.Permits != 5 || s.Available != 0 || !s.Initialized || s.Sessionless {
		t.Errorf("%+v", s)
	}
}

func TestSemaphore_WithoutPermitsYetSaysSo(t *testing.T) {
	node := cpgatetest.Start(t)
	for name, m := range map[string]*client.Semaphore{
		"aware": node.Client(t).Semaphore("none"), "sessionless": node.Client(t).Semaphore("none", client.Sessionless()),
	} {
		if s := look(t, m); s.Initialized || s.Available != 0 {
			t.Errorf("%s: %+v", name, s)
		}
		_, _, err := m.Drain(within(t))
		for call, err := range map[string]error{
			"drain": err, "increase": m.Increase(within(t), 1), "reduce": m.Reduce(within(t), 1),
		} {
			if !errors.Is(err, client.ErrNotInitialized) {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
}

func TestSemaphore_TellsHoldersAndWaiters(t *testing.T) {
	node := cpgatetest.Start(t)
	a, b, c := node.Client(t), node.Client(t), node.Client(t)
	m := pool(t, a, 4)
	acquire(t, m, 1)
	acquire(t, b.Semaphore("pool"), 2)
	acquire(t, m, 1)
	acquireAside(within(t), c.Semaphore("pool"), 3)
	awaitWaiting(t, m, 1)
	s := look(t, m)
	if s.HolderCount != 2 || len(s.Holders) != 2 || len(s.Waiters) != 1 || s.Available != 0 {
		t.Fatalf("%+v", s)
	}
	first, second, next := s.Holders[0], s.Holders[1], s.Waiters[0]
	if first.SessionID != sessionID(t, a) || first.Permits != 2 || second.SessionID != sessionID(t, b) || second.Permits != 2 {
		t.Errorf("holders %+v", s.Holders)
	}
	if next.SessionID != sessionID(t, c) || next.Permits != 3 || time.Since(next.Since) > soon {
		t.Errorf("waiter %+v", next)
	}
}

func TestSemaphore_NamesAndNumbersThatAreNotAllowedAreRefused(t *testing.T) {
	c := cpgatetest.Start(t).Client(t)
	acquire := func(m *client.Semaphore, n int) error { _, err := m.Acquire(within(t), n); return err }
	for name, x := range map[string]struct {
		err   error
		want  error
		field string
	}{
		"empty name":       {acquire(c.Semaphore(""), 1), client.ErrInvalidName, "name"},
		"name not UTF-8":   {acquire(c.Semaphore("\xff"), 1), client.ErrInvalidName, "name"},
		"looking at it":    {func() error { _, err := c.Semaphore("\xff").Get(within(t)); return err }(), client.ErrInvalidName, "name"},
		"no permits":       {acquire(c.Semaphore("a"), 0), client.ErrInvalidArgument, "permits"},
		"too many permits": {acquire(c.Semaphore("a"), math.MaxInt32+1), client.ErrInvalidArgument, "permits"},
		"negative release": {c.Semaphore("a").Release(within(t), -1), client.ErrInvalidArgument, "permits"},
		"negative add":     {c.Semaphore("a", client.Sessionless()).Release(within(t), -1), client.ErrInvalidArgument, "permits"},
		"negative supply":  {c.Semaphore("a").Increase(within(t), -1), client.ErrInvalidArgument, "permits"},
	} {
		var e *client.Error
		if !errors.Is(x.err, x.want) || !errors.As(x.err, &e) || e.Field != x.field {
			t.Errorf("%s: %v", name, x.err)
		}
	}
}
