package store_test

import (
	"fmt"
	"slices"
	"testing"

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
		{"none since, as before", kv.NoneSince(e.key("lock/a/"), create.Mod), true},
		{"none since, put since", kv.NoneSince(e.key("lock/a/"), now.Mod), true},
		{"none since, come in just this revision", kv.NoneSince(e.key("lock/a/"), now.Create), true},
		{"none since, come since", kv.NoneSince(e.key("lock/a/"), now.Create-1), false},
		{"none since, nothing below", kv.NoneSince(e.key("lock/b/"), 0), true},
		{"none since, only keys beside", kv.NoneSince(e.key("lock/a/1/"), 0), true},
		{"less", kv.Compare{Key: now.Key, Target: kv.Mod, Is: kv.Less, Rev: now.Mod + 1}, true},
		{"less, equal", kv.Compare{Key: now.Key, Target: kv.Mod, Is: kv.Less, Rev: now.Mod}, false},
		{"less, not there", kv.Compare{Key: e.key("lock/a/2"), Target: kv.Mod, Is: kv.Less, Rev: 1}, true},
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

// What came is told from what was there also where one of many did.
func TestOneKeyThatCameSinceIsEnough(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	var rev kv.Revision
	for n := range 5 {
		rev = e.put(t, fmt.Sprint("lock/a/", n), "1")
	}
	e.put(t, "lock/a!/x", "1") // beside, on either side
	e.put(t, "lock/a0/x", "1")
	for _, c := range []struct {
		since kv.Revision
		holds bool
	}{{rev, true}, {rev + 2, true}, {rev - 1, false}, {0, false}} {
		r, err := s.Commit(kv.Txn{If: []kv.Compare{kv.NoneSince(e.key("lock/a/"), c.since)}, Then: []kv.Op{kv.Put(e.key("y"), nil, 0)}})
		if err != nil || r.Succeeded != c.holds {
			t.Errorf("since %d, the last came in %d: %+v, %v", c.since, rev, r, err)
		}
	}
}

func TestADeletionOfAllBelowAPrefixIsOneStepAndDeletesNothingBeside(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	for _, name := range []string{"a/1", "a/1/x", "a/", "a/\xff", "a", "a!", "a0", "b/1"} {
		e.put(t, name, "1")
	}
	r, err := s.Commit(kv.Txn{
		If:   []kv.Compare{kv.Exists(e.key("a"))},
		Then: []kv.Op{kv.Delete(e.key("a")), kv.DeleteAll(e.key("a/")), kv.Put(e.key("memo/a/1"), nil, 0)},
	})
	if err != nil || !r.Succeeded {
		t.Fatal(r, err)
	}
	var left []string
	if err := s.LookFresh(t.Context(), func(v mirror.View) {
		v.Scan(e.space.Prefix(), "", func(i *kv.Item) bool {
			left = append(left, i.Key[len(e.space.Prefix()):])
			return true
		})
		if i := v.Get(e.key("memo/a/1")); i == nil || i.Create != r.Revision {
			t.Errorf("in revision %d came %v", r.Revision, i)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a!", "a0", "b/1", "memo/a/1"}; !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
	if r, err := s.Commit(kv.Txn{Then: []kv.Op{kv.DeleteAll(e.key("a/"))}}); err != nil || !r.Succeeded { // of nothing
		t.Error(r, err)
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
