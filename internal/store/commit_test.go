package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

func TestEachConditionHoldsWhenItSays(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	e.put(t, "lock/a/1", "first")
	create := e.item(t, s, "lock/a/1")
	e.put(t, "lock/a/1", "again")
	now := e.item(t, s, "lock/a/1")
	other := &kv.Item{Key: now.Key, Create: now.Create + 1, Mod: now.Mod + 1}
	for _, c := range []struct {
		what  string
		is    kv.Compare
		holds bool
	}{
		{"exists, there", kv.Exists(now.Key), true},
		{"exists, not there", kv.Exists(e.key("lock/a/2")), false},
		{"absent, not there", kv.Absent(e.key("lock/a/2")), true},
		{"absent, there", kv.Absent(now.Key), false},
		{"empty, nothing below", kv.Empty(e.key("lock/b/")), true},
		{"empty, a key below", kv.Empty(e.key("lock/a/")), false},
		{"empty, only keys beside", kv.Empty(e.key("lock/a/1/")), true},
		{"unchanged, as it is", kv.Unchanged(now), true},
		{"unchanged, put since", kv.Unchanged(create), false},
		{"same, put since", kv.Same(create), true},
		{"same, as it is", kv.Same(now), true},
		{"same, another one", kv.Same(other), false},
	} {
		txn := kv.Txn{If: []kv.Compare{c.is}, Then: []kv.Op{kv.Put(e.key("said"), []byte(c.what), 0)}}
		r, err := s.Commit(txn)
		if err != nil || r.Succeeded != c.holds {
			t.Errorf("%s: %+v, %v", c.what, r, err)
		}
		if got := e.fresh(t, s, "said"); (got == c.what) != c.holds {
			t.Errorf("%s: said %q", c.what, got)
		}
	}
}

// item returns the key as a fresh look shows it.
func (e *etcd) item(t *testing.T, s *store.Store, name string) (i *kv.Item) {
	t.Helper()
	if err := s.LookFresh(t.Context(), func(v mirror.View) { i = v.Get(e.key(name)) }); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestAllConditionsMustHoldForAnyWrite(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	e.put(t, "x", "1")
	then := []kv.Op{kv.Put(e.key("y"), []byte("1"), 0), kv.Delete(e.key("x"))}
	r, err := s.Commit(kv.Txn{If: []kv.Compare{kv.Exists(e.key("x")), kv.Exists(e.key("y"))}, Then: then})
	if err != nil || r.Succeeded || e.fresh(t, s, "x") != "1" || e.fresh(t, s, "y") != "" {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = s.Commit(kv.Txn{If: []kv.Compare{kv.Exists(e.key("x")), kv.Absent(e.key("y"))}, Then: then})
	if err != nil || !r.Succeeded || e.fresh(t, s, "x") != "" || e.fresh(t, s, "y") != "1" {
		t.Errorf("%+v, %v", r, err)
	}
	if y := e.item(t, s, "y"); y.Create != r.Revision || y.Mod != r.Revision || y.Lease != 0 {
		t.Errorf("%+v, put in revision %d", y, r.Revision)
	}
}

func TestAPutAttachesTheKeyToItsLeaseOrDetachesIt(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	l, err := e.Grant(t.Context(), 60)
	if err != nil {
		t.Fatal(err)
	}
	for _, lease := range []clientv3.LeaseID{l.ID, 0} {
		if _, err := s.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, kv.LeaseID(lease))}}); err != nil {
			t.Fatal(err)
		}
		if i := e.item(t, s, "x"); i.Lease != kv.LeaseID(lease) {
			t.Errorf("%+v, put on lease %d", i, lease)
		}
	}
}

// etcd turns away what comes when 5,000 transactions are not applied yet. Here the others wait.
func TestAThousandTransactionsAreUnderWayAtTheMost(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	l.before.close()
	s := e.open(t, l.on)
	var wg sync.WaitGroup
	for n := range 1200 {
		wg.Go(func() {
			if r, err := s.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint(n)), nil, 0)}}); err != nil || !r.Succeeded {
				t.Error(r, err)
			}
		})
	}
	eventually(t, "1000 under way, and no more", func() bool {
		n := l.before.count()
		time.Sleep(50 * time.Millisecond)
		return n == 1000 && l.before.count() == n
	})
	l.before.open()
	wg.Wait()
	if n := l.count(); n != 1200 {
		t.Errorf("%d transactions", n)
	}
}

func TestATransactionThatWaitsForItsTurnEndsWithTheStore(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	l.before.close()
	s := e.open(t, l.on)
	ends := make(chan error, 1001)
	for range cap(ends) {
		go func() {
			_, err := s.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0)}})
			ends <- err
		}()
	}
	eventually(t, "1000 under way", func() bool { return l.before.count() == 1000 })
	s.Close()
	for range cap(ends) {
		if err := receive(t, ends, "end"); !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
	}
}
