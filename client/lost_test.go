package client_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// silent is a node whose clients hear nothing by themselves for long: what they know, the server has told them.
func silent(t *testing.T) *cpgatetest.Node {
	t.Helper()
	return cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) { c.SessionHeartbeatIntervalSeconds = 100 }))
}

func force(t *testing.T, s server, name string) {
	t.Helper()
	r, err := s.ForceUnlock(within(t), &cpgatev1.ForceUnlockRequest{Name: name})
	if err != nil || !r.GetReleased() {
		t.Fatalf("forcing %q: %v, %v", name, r, err)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestDo_EndsAtOnceWhenItsLockIsForced(t *testing.T) {
	t.Parallel()
	node := silent(t)
	s, started := wire(t, node.Addr()), make(chan struct{})
	var other sync.WaitGroup
	other.Go(func() {
		<-started
		force(t, s, "orders")
	})
	_, cause, err := untilLost(t, node.Client(t).Lock("orders@default"), started)
	other.Wait() // whom the answer reaches after the holder
	if !errors.Is(cause, client.ErrOwnershipLost) || errors.Is(cause, client.ErrSessionExpired) || !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("cause %v, Do %v", cause, err)
	}
}

func TestDo_EndsAtOnceWhenItsSemaphoreIsDestroyed(t *testing.T) {
	t.Parallel()
	node := silent(t)
	m, other := node.Client(t).Semaphore("pool"), node.Client(t).Semaphore("pool")
	if _, err := m.Init(within(t), 3); err != nil {
		t.Fatal(err)
	}
	var cause error
	err := m.Do(within(t), 2, func(ctx context.Context) error {
		p, _, err := m.Drain(within(t))
		if err != nil {
			return err
		}
		if _, err := other.Destroy(within(t)); err != nil {
			return err
		}
		<-ctx.Done()
		cause = context.Cause(ctx)
		receive(t, p.Lost())
		return nil
	})
	if !errors.Is(cause, client.ErrOwnershipLost) || !errors.Is(cause, client.ErrDestroyed) || !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("cause %v, Do %v", cause, err)
	}
}

// Only what is lost is: the same owner's hold of another lock, other owners' holds and the next hold go on.
func TestLost_IsOfTheHoldThatWasForcedAlone(t *testing.T) {
	t.Parallel()
	node := silent(t)
	c, s := node.Client(t), wire(t, node.Addr())
	forced, again := c.Lock("forced", client.Owner("w")), c.Lock("forced", client.Owner("w"))
	others := []*client.Lock{c.Lock("other", client.Owner("w")), c.Lock("another")}
	for _, l := range others { // with fences below
		lock(t, l)
	}
	first := lock(t, forced)
	lock(t, again)
	lock(t, again)
	unlock(t, again) // still holds once
	of, ofAgain := forced.Lost(), again.Lost()
	force(t, s, "forced")
	receive(t, of)
	receive(t, ofAgain)
	if f := forced.Fence(); f != 0 || !isClosed(forced.Lost()) {
		t.Errorf("fence %d of a lock that was forced", f)
	}
	next := c.Lock("forced", client.Owner("w"))
	if fence := lock(t, next); fence <= first || next.Fence() != fence || isClosed(next.Lost()) {
		t.Errorf("fence %d behind %d, which is shown as %d, and lost %v", fence, first, next.Fence(), isClosed(next.Lost()))
	}
	for _, l := range others {
		if l.Fence() == 0 || isClosed(l.Lost()) {
			t.Error("another hold is lost too")
		}
	}
	if err := forced.Unlock(within(t)); !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("unlocking what was forced: %v", err)
	}
}

func TestLost_IsNotSaidOfWhatIsGivenBack(t *testing.T) {
	t.Parallel()
	node := silent(t)
	c := node.Client(t)
	l, m := c.Lock("orders", client.Owner("w")), c.Semaphore("pool")
	if _, err := m.Init(within(t), 1); err != nil {
		t.Fatal(err)
	}
	lock(t, l)
	p, err := m.Acquire(within(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	ofLock, ofPermits := l.Lost(), p.Lost()
	unlock(t, l)
	if err := p.Release(within(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Destroy(within(t)); err != nil {
		t.Fatal(err)
	}
	lock(t, l)
	force(t, wire(t, node.Addr()), "orders")
	receive(t, l.Lost()) // what came before has been told by now
	if isClosed(ofLock) || isClosed(ofPermits) {
		t.Error("what was given back is said to be lost")
	}
}

// What is forced while a client is cut off it learns as soon as it is heard again, and nothing else is lost by that.
func TestLost_IsToldByTheNextStream(t *testing.T) {
	t.Parallel()
	node := short(t)
	p := newProxy(t, node.Addr())
	cfg := at(p.addr())
	cfg.SessionTTL = time.Minute
	c := connect(t, cfg)
	kept, forced := c.Lock("kept"), c.Lock("forced")
	lock(t, kept)
	lock(t, forced)
	of := forced.Lost()
	p.cut()
	force(t, wire(t, node.Addr()), "forced")
	if isClosed(of) {
		t.Fatal("told while cut off")
	}
	p.mend()
	receive(t, of)
	if isClosed(kept.Lost()) {
		t.Error("another hold is lost too")
	}
	unlock(t, kept)
}

// A server may say that a hold is lost before it has answered that it was got.
func TestLost_MayBeToldBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	f := startFront(t, addr, true)
	c := connect(t, at(f.addr))
	l := c.Lock(name(t, 1), client.Owner("w"))
	lost := &cpgatev1.HoldLost{Reason: cpgatev1.HoldLost_FORCED, Name: name(t, 1), SessionId: sessionID(t, c), Owner: "w"}
	for _, c := range []struct {
		fence int64
		lost  bool
	}{{1, false}, {math.MaxInt64, true}} { // that of a hold long ago, and one that has to be this one's
		lost := proto.Clone(lost).(*cpgatev1.HoldLost)
		lost.Fence = c.fence
		f.says.Store(&cpgatev1.Event{Event: &cpgatev1.Event_HoldLost{HoldLost: lost}})
		lock(t, l)
		if got := isClosed(l.Lost()); got != c.lost || (l.Fence() == 0) != c.lost {
			t.Errorf("the loss of fence %d: lost %v, fence %d", c.fence, got, l.Fence())
		}
		unlock(t, l)
	}
}

// What is given back, or not got, leaves nothing behind that could be lost.
func TestLost_NothingIsKeptOfWhatIsOver(t *testing.T) {
	t.Parallel()
	c := cpgatetest.Start(t).Client(t)
	m, l, owned := c.Semaphore("pool"), c.Lock("orders"), c.Lock("orders", client.Owner("w"))
	if _, err := m.Init(within(t), 5); err != nil {
		t.Fatal(err)
	}
	lock(t, owned)
	lock(t, owned)
	if _, got, err := l.TryLock(within(t), 0); got || err != nil {
		t.Fatal(got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.Lock(ctx); err == nil {
		t.Fatal("two hold")
	}
	unlock(t, owned)
	unlock(t, owned)
	if err := l.Do(within(t), func(context.Context, client.Fence) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Acquire(within(t), 3); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2} {
		if err := m.Release(within(t), n); err != nil {
			t.Fatal(err)
		}
	}
	p, _, err := m.Drain(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, n, err := m.Drain(within(t)); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if err := p.Release(within(t)); err != nil {
		t.Fatal(err)
	}
	if n := c.Stakes(); n != 0 {
		t.Errorf("%d are kept", n)
	}
}
