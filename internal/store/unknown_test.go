package store_test

import (
	"context"
	"errors"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// putter is a call that puts a key until it sees it.
func (e *etcd) putter(name string) *call {
	c := &call{loose: true}
	c.next = func(v mirror.View) kv.Step {
		if e.value(v, name) != "" || len(c.results) > 0 {
			return kv.Done
		}
		return kv.Commit(kv.Txn{
			If:   []kv.Compare{kv.Absent(e.key(name))},
			Then: []kv.Op{kv.Put(e.key(name), []byte("1"), 0)},
		})
	}
	return c
}

// "Unknown outcomes: present is final, absent is not."
func TestACommitWhoseAnswerIsLostIsLookedForByAFreshLook(t *testing.T) {
	t.Parallel()
	for _, lost := range []error{
		rpctypes.ErrTimeout, rpctypes.ErrNoSpace, rpctypes.ErrLeaderChanged, context.DeadlineExceeded, errors.New("who knows"),
	} {
		e, l := on(t, shared), &lostAnswers{errs: []error{lost}}
		s := e.open(t, l.on)
		c := e.putter("x")
		if err := s.Run(t.Context(), c, nil); err != nil {
			t.Errorf("%v: %v", lost, err)
		}
		if l.count() != 1 || len(c.results) != 0 || len(c.looked) != 1 {
			t.Errorf("%v: %d transactions, told %v, looked at %v", lost, l.count(), c.results, c.looked)
		}
	}
}

func TestACallSeesThroughOnlySoManyUnknownOutcomes(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	for range 10 {
		l.errs = append(l.errs, rpctypes.ErrTimeout)
	}
	s := e.open(t, l.on)
	c := &call{next: func(mirror.View) kv.Step { return kv.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0)}}) }}
	if err := s.Run(t.Context(), c, nil); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, rpctypes.ErrTimeout) {
		t.Error(err)
	}
	if l.count() != 3 || len(c.results) != 0 || len(c.signals) != 0 {
		t.Errorf("%d transactions, told %v and %v", l.count(), c.results, c.signals)
	}
}

// What a caller was told UNAVAILABLE of is tidied up for as long as it takes.
func TestTidyingGoesOnUntilItSucceeds(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	for range 7 { // three for the call, three for the first tidying, and one more
		l.errs = append(l.errs, rpctypes.ErrTimeout)
	}
	s := e.open(t, l.on)
	c := &call{loose: true}
	c.next = func(mirror.View) kv.Step {
		if len(c.results) > 0 {
			return kv.Done
		}
		return kv.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0)}})
	}
	if err := s.Run(t.Context(), c, nil); !errors.Is(err, store.ErrUnavailable) {
		t.Error(err)
	}
	eventually(t, "a commit", func() bool { return l.count() == 8 })
	if told := c.told(); len(told) != 1 || told[0].Signal != kv.Left {
		t.Errorf("signals %v", told)
	}
}

func TestACommitThatCertainlyFailedIsSaidToHave(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	var many kv.Txn
	for range 10_241 {
		many.If = append(many.If, kv.Absent(e.key("x")))
	}
	twice := kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0), kv.Put(e.key("x"), nil, 0)}}
	big := kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), make([]byte, 9<<20), 0)}}
	overlap := kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0), kv.DeleteAll(e.key(""))}}
	nobodys := kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0), kv.Put(e.key("y"), nil, 0x7b)}} // a lease that never was
	for n, c := range []struct {
		txn  kv.Txn
		want error
	}{
		{many, rpctypes.ErrTooManyOps},
		{twice, rpctypes.ErrDuplicateKey},
		{overlap, rpctypes.ErrDuplicateKey},
		{big, rpctypes.ErrRequestTooLarge},
		{nobodys, rpctypes.ErrLeaseNotFound},
	} {
		err := s.Run(t.Context(), &call{next: steps(kv.Commit(c.txn))}, nil)
		if !errors.Is(err, c.want) || errors.Is(err, store.ErrUnavailable) || l.count() != n+1 {
			t.Errorf("%v after %d transactions, want %v", err, l.count(), c.want)
		}
		if e.fresh(t, s, "x") != "" || e.item(t, s, "x") != nil {
			t.Errorf("%v, and yet x was put", c.want)
		}
	}
}

// A lease that is gone makes a transaction fail for certain only where its conditions hold: else it is just not done.
func TestALeaseThatIsGoneIsNoErrorWhereTheConditionsFail(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	l, err := e.Grant(t.Context(), 60)
	if err != nil {
		t.Fatal(err)
	}
	put := kv.Txn{If: []kv.Compare{kv.Absent(e.key("x"))}, Then: []kv.Op{kv.Put(e.key("x"), []byte("1"), kv.LeaseID(l.ID))}}
	if r, err := s.Commit(put); err != nil || !r.Succeeded {
		t.Fatal(r, err)
	}
	if r, err := s.Commit(put); err != nil || r.Succeeded {
		t.Error(r, err)
	}
	if _, err := e.Revoke(t.Context(), l.ID); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Commit(put); !errors.Is(err, rpctypes.ErrLeaseNotFound) || errors.Is(err, store.ErrUnavailable) {
		t.Error(r, err)
	}
	e.put(t, "x", "2")
	if r, err := s.Commit(put); err != nil || r.Succeeded {
		t.Error(r, err)
	}
}

func TestACommitThatWasTurnedAwayIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{errs: []error{rpctypes.ErrTooManyRequests}}
	s := e.open(t, l.on)
	err := s.Run(t.Context(), &call{next: steps(kv.Commit(kv.Txn{}))}, nil)
	if !errors.Is(err, store.ErrUnavailable) || l.count() != 1 {
		t.Errorf("%v after %d transactions", err, l.count())
	}
}
