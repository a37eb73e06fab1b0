package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// smallMember has the least quota that a test fills quickly.
func smallMember(t *testing.T) *embedded.Member {
	t.Helper()
	m, err := embedded.Start(t.Context(), embedded.Config{DataDir: t.TempDir(), QuotaBytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// fill puts beside all keys until there is no room.
func (e *etcd) fill(t *testing.T) {
	t.Helper()
	for n := range 1000 {
		_, err := e.Put(t.Context(), fmt.Sprint("filler/", n), strings.Repeat("x", 64<<10))
		if errors.Is(err, rpctypes.ErrNoSpace) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("all fits in")
}

// free makes room, as an operator does by hand.
func (e *etcd) free(t *testing.T) {
	t.Helper()
	r, err := e.Delete(t.Context(), "filler/", clientv3.WithPrefix())
	if err == nil {
		_, err = e.Compact(t.Context(), r.Header.Revision, clientv3.WithCompactPhysical())
	}
	if err == nil {
		err = e.member.Server().Defragment()
	}
	if err == nil {
		_, err = e.AlarmDisarm(t.Context(), &clientv3.AlarmMember{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// asks is a call that asks for one transaction until it is told what came of it.
func asks(e *etcd, t kv.Txn) *call {
	c := &call{keys: []string{e.key("x")}}
	c.next = func(mirror.View) kv.Step {
		if len(c.results) > 0 {
			return kv.Done
		}
		return kv.Commit(t)
	}
	return c
}

func TestAFullDatabase(t *testing.T) {
	t.Parallel()
	e, l := on(t, smallMember(t)), &lostAnswers{}
	s := e.open(t, l.on)
	put, spare := kv.Put(e.key("y"), nil, 0), kv.Put(e.key("memo"), nil, 0)
	spare.Spare = true
	e.put(t, "x", "1")
	e.fill(t)
	for what, then := range map[string][]kv.Op{
		"a put":                       {put},
		"a put beside a deletion":     {kv.Delete(e.key("x")), put},
		"a put beside what is spared": {put, spare},
		"what can be spared alone":    {spare},
	} {
		before, c := l.count(), asks(e, kv.Txn{Then: then})
		err := s.Run(t.Context(), c, nil)
		if !errors.Is(err, store.ErrFull) || !errors.Is(err, rpctypes.ErrNoSpace) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
		if n := l.count() - before; n != 1 || len(c.looked) != 1 || len(c.results) != 0 {
			t.Errorf("%s: %d transactions, looked at %v, told %v", what, n, c.looked, c.results)
		}
	}
	if e.fresh(t, s, "x") != "1" || e.item(t, s, "y") != nil {
		t.Error("something was done")
	}
	before, c := l.count(), asks(e, kv.Txn{Then: []kv.Op{kv.Delete(e.key("x")), spare}})
	if err := s.Run(t.Context(), c, nil); err != nil || l.count() != before+2 {
		t.Errorf("a deletion: %v after %d transactions", err, l.count()-before)
	}
	if e.item(t, s, "x") != nil || e.item(t, s, "memo") != nil {
		t.Error("a deletion: it was not done, or there was room for more")
	}
	e.free(t)
	c = asks(e, kv.Txn{Then: []kv.Op{put, spare}})
	if err := s.Run(t.Context(), c, nil); err != nil || e.item(t, s, "y") == nil || e.item(t, s, "memo") == nil {
		t.Errorf("once there is room: %v", err)
	}
}

// What there was no room for is not known to be so for ever.
func TestACallThatHasWaitedLooksForRoomAnew(t *testing.T) {
	t.Parallel()
	e := on(t, smallMember(t))
	s := e.open(t)
	e.fill(t)
	memo := kv.Put(e.key("memo"), nil, 0)
	memo.Spare = true
	txn := kv.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("y"), nil, 0), memo}})
	c := &call{keys: []string{e.key("x")}, next: steps(txn, kv.Wait, txn, kv.Done)}
	done := run(t.Context(), s, c, nil)
	eventually(t, "a wait", func() bool { return c.asked() == 2 })
	e.free(t)
	e.put(t, "x", "1")
	if err := receive(t, done, "end"); err != nil || e.item(t, s, "y") == nil || e.item(t, s, "memo") == nil {
		t.Error(err)
	}
}

// A caller who was told that there is no room has left something in line that only a put takes back: that comes when there
// is room.
func TestTidyingGoesOnUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	e := on(t, smallMember(t))
	s := e.open(t)
	e.fill(t)
	c := asks(e, kv.Txn{Then: []kv.Op{kv.Put(e.key("y"), nil, 0)}})
	c.loose = true
	if err := s.Run(t.Context(), c, nil); !errors.Is(err, store.ErrFull) {
		t.Error(err)
	}
	eventually(t, "some more tries", func() bool { return c.asked() > 5 })
	e.free(t)
	eventually(t, "the last one", func() bool { return e.item(t, s, "y") != nil })
}
