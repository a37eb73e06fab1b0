package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// sweeping runs a sweep, and returns what ends it.
func sweeping(t *testing.T, s *store.Store, abandoned func(mirror.View) []kv.Txn) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Sweep(ctx, abandoned)
	}()
	return func() {
		t.Helper()
		cancel()
		receive(t, done, "end of the sweep")
	}
}

// finder finds keys below lock/ that belong to gateways without a marker, and deletes them.
type finder struct {
	e     *etcd
	looks atomic.Int64
	mu    sync.Mutex
	first time.Time // when something was found for the first time
}

func (f *finder) find(v mirror.View) (found []kv.Txn) {
	f.looks.Add(1)
	v.Scan(f.e.key("lock/"), "", func(i *kv.Item) bool {
		if v.Get(f.e.space.Gateway(string(i.Value))) == nil {
			found = append(found, kv.Txn{If: []kv.Compare{kv.Unchanged(i)}, Then: []kv.Op{kv.Delete(i.Key)}})
		}
		return true
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(found) > 0 && f.first.IsZero() {
		f.first = time.Now()
	}
	return found
}

func (f *finder) foundAt() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

func TestWhatAGatewayLeftIsSweptOnceItIsGoneAndTheGraceHasPassed(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	e.put(t, "gateway/g", "1")
	e.put(t, "gateway/h", "1")
	e.put(t, "lock/a", "g")
	e.put(t, "lock/b", "g")
	e.put(t, "lock/c", "h")
	e.fresh(t, s, "lock/c")
	f := &finder{e: e}
	end := sweeping(t, s, f.find)
	time.Sleep(2 * grace)
	if e.stored(t, "lock/a") == "" {
		t.Error("what a living gateway's calls have in line was swept")
	}
	e.del(t, "gateway/g")
	eventually(t, "a sweep", func() bool { return e.stored(t, "lock/a") == "" && e.stored(t, "lock/b") == "" })
	if d := time.Since(f.foundAt()); d < grace {
		t.Errorf("swept %v after it was found, the grace is %v", d, grace)
	}
	if e.stored(t, "lock/c") != "h" {
		t.Error("what another gateway's calls have in line is gone")
	}
	e.put(t, "lock/d", "h")
	e.del(t, "gateway/h") // and once more
	eventually(t, "another sweep", func() bool { return e.stored(t, "lock/c") == "" && e.stored(t, "lock/d") == "" })
	end()
}

// What is there when the sweep begins was left before this gateway came.
func TestWhatWasLeftBeforeTheSweepBeganIsSwept(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	e.put(t, "lock/a", "g")
	s := e.open(t)
	defer sweeping(t, s, (&finder{e: e}).find)()
	eventually(t, "a sweep", func() bool { return e.stored(t, "lock/a") == "" })
}

// A gateway that was only thought dead comes back within the grace, or a retry takes up what it left.
func TestWhatIsTakenUpWithinTheGraceStays(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	e.put(t, "lock/a", "g")
	s := e.open(t)
	f := &finder{e: e}
	defer sweeping(t, s, f.find)()
	eventually(t, "a look", func() bool { return f.looks.Load() == 1 })
	e.put(t, "gateway/h", "1")
	e.put(t, "lock/a", "h")
	eventually(t, "another look", func() bool { return f.looks.Load() > 1 })
	time.Sleep(2 * grace)
	if e.stored(t, "lock/a") != "h" {
		t.Error("it was swept")
	}
}

func TestASweepThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	e.put(t, "lock/a", "g")
	s := e.open(t, l.on)
	looks := 0
	defer sweeping(t, s, func(v mirror.View) []kv.Txn {
		looks++
		switch {
		case e.value(v, "lock/a") == "":
			return nil
		case looks < 3: // whose condition fails
			return []kv.Txn{{If: []kv.Compare{kv.Absent(e.key("lock/a"))}, Then: []kv.Op{kv.Delete(e.key("lock/a"))}}}
		}
		return []kv.Txn{{Then: []kv.Op{kv.Delete(e.key("lock/a"))}}}
	})()
	l.mu.Lock()
	l.errs = []error{rpctypes.ErrTimeout, errors.New("who knows")}
	l.mu.Unlock()
	eventually(t, "a sweep", func() bool { return e.stored(t, "lock/a") == "" })
}

// Without gateways that go there is nothing to find.
func TestASweepSleepsWhileNoGatewayComesOrGoes(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	f := &finder{e: e}
	end := sweeping(t, s, f.find)
	e.put(t, "lock/x/1", "h")
	time.Sleep(3 * grace)
	if n := f.looks.Load(); n != 1 {
		t.Errorf("it looked %d times", n)
	}
	e.put(t, "gateway/g", "1")
	eventually(t, "another look", func() bool { return f.looks.Load() == 2 })
	end() // also in its grace
}
