package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/progress"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// noting is a call without a session that leaves a memo.
type noting struct {
	progress.Call
	key   string
	lease kv.LeaseID
}

func (c *noting) Keys() []string { return []string{c.key} }

func (c *noting) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	return c.Send(kv.Txn{Then: []kv.Op{kv.Put(c.key, nil, c.lease)}})
}

func (c *noting) Committed(r kv.Result) {
	c.Told(r)
	c.End()
}

func (w *world) shelf(k *session.Keeper) kv.LeaseID {
	w.t.Helper()
	lease, err := k.Shelf(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return lease
}

// note leaves a memo on the lease that the keeper has for it.
func (w *world) note(k *session.Keeper, request string) (lease kv.LeaseID, err error) {
	w.t.Helper()
	lease = w.shelf(k)
	return lease, k.Run(w.t.Context(), &noting{key: w.space.SemaphoreMemo(0, "a", request), lease: lease}, 0, nil)
}

func TestCallsWithoutASessionShareALeaseForTheirMemos(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k, other := w.keeper(), w.keeper()
	leases := make([]kv.LeaseID, 20)
	var wg sync.WaitGroup
	for n := range leases {
		wg.Go(func() {
			var err error
			if leases[n], err = w.note(k, fmt.Sprint(n)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for n, lease := range leases {
		if lease != leases[0] || lease <= 0 {
			t.Errorf("leases %x and %x", lease, leases[0])
		}
		if i := w.item(w.space.SemaphoreMemo(0, "a", fmt.Sprint(n))); i == nil || i.Lease != lease {
			t.Errorf("memo %+v", i)
		}
	}
	if w.shelf(other) == leases[0] {
		t.Error("two gateways share a lease")
	}
	// "for 10 minutes": the last memo is put on it ten minutes after it was taken.
	if r, err := w.etcd.TimeToLive(t.Context(), clientLease(leases[0])); err != nil || r.GrantedTTL != 20*60 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAfterTenMinutesMemosGoOnAnotherLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	first := w.shelf(k)
	k.Age(9 * time.Minute)
	if again := w.shelf(k); again != first {
		t.Errorf("leases %x and %x within ten minutes", first, again)
	}
	k.Age(time.Minute)
	second := w.shelf(k)
	if second == first || w.shelf(k) != second {
		t.Errorf("leases %x and %x", first, second)
	}
	if !w.leased(session.ID(first)) {
		t.Error("the lease of the last ten minutes is gone, with all memos on it")
	}
}

func TestALeaseForMemosThatIsGoneIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	lease, err := w.note(k, "before")
	if err != nil {
		t.Fatal(err)
	}
	w.revoke(session.ID(lease))
	if w.item(w.space.SemaphoreMemo(0, "a", "before")) != nil {
		t.Error("the memo outlived its lease")
	}
	if _, err := w.note(k, "r"); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		t.Errorf("on a lease that is gone: %v", err)
	}
	again, err := w.note(k, "r") // as who is told UNAVAILABLE tries again
	if err != nil || again == lease {
		t.Errorf("on lease %x behind %x: %v", again, lease, err)
	}
	if i := w.item(w.space.SemaphoreMemo(0, "a", "r")); i == nil || i.Lease != again {
		t.Errorf("memo %+v", i)
	}
}

// refused is a call that ends with an error of its own.
type refused struct {
	noting
	err error
}

func (c *refused) Next(mirror.View) kv.Step { return c.Fail(c.err) }

func TestOnlyALeaseThatIsGoneIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	lease := w.shelf(k)
	for _, want := range []error{errors.New("no"), store.ErrUnavailable, session.ErrExpired} {
		if err := k.Run(t.Context(), &refused{err: want}, 0x7a, nil); !errors.Is(err, want) {
			t.Error(err)
		}
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := k.Run(left, &noting{key: w.space.SemaphoreMemo(0, "a", "r"), lease: lease}, 0, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if again := w.shelf(k); again != lease {
		t.Errorf("leases %x and %x", lease, again)
	}
}

func TestWhoLeavesWhileALeaseForMemosIsTakenIsToldSoAndTheNextOneTakesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	left, leave := context.WithCancel(t.Context())
	leave()
	if lease, err := k.Shelf(left); !errors.Is(err, context.Canceled) {
		t.Errorf("lease %x, %v", lease, err)
	}
	if lease := w.shelf(k); !w.leased(session.ID(lease)) {
		t.Errorf("there is no lease %x", lease)
	}
}

func TestOnAStoppedMemberThereIsNoLeaseForMemos(t *testing.T) {
	t.Parallel()
	m := ownMember(t)
	w := newWorld(t, m)
	k := w.keeper()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if lease, err := k.Shelf(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("lease %x, %v", lease, err)
	}
}
