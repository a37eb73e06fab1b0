package countdownlatch_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/kv"
)

// "Bounds (each with a clear error): 100,000 arrivals per latch." A round of so many takes them, and ends the waits.
// Only where etcdctl wrote a count that is larger does one come too many.
func TestBounds_ARoundTakesAHundredThousandArrivals(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	fill := func(r kv.Revision, n int) {
		var ops []kv.Op
		for i := range n {
			ops = append(ops, kv.Put(m.space.Arrival("gate", int64(r), fmt.Sprint(i)), nil, 0))
		}
		m.commit(kv.Txn{Then: ops})
	}
	r := m.set("s", countdownlatch.MaxCount)
	fill(kv.Revision(r), countdownlatch.MaxCount-1)
	wait := countdownlatch.NewAwaitCall(m.space, awaitOf("gate"))
	m.waits(wait)
	last := m.downCall("last")
	m.finish(last)
	if a, err := last.Answer(); err != nil || a != (countdownlatch.CountDownAnswer{Round: r}) {
		t.Errorf("the last got %+v, %v", a, err)
	}
	m.finish(wait)
	if a, err := wait.Answer(); err != nil || !a.Completed {
		t.Errorf("the wait got %+v, %v", a, err)
	}

	damaged := kv.Put(m.space.Latch("gate"), []byte(`{"count":200000,"request":"x"}`), 0)
	fill(m.commit(kv.Txn{Then: []kv.Op{damaged}}).Revision, countdownlatch.MaxCount)
	more := m.downCall("more")
	m.finish(more)
	if a, err := more.Answer(); !errors.Is(err, countdownlatch.ErrTooManyArrivals) {
		t.Errorf("one more got %+v, %v", a, err)
	}
}
