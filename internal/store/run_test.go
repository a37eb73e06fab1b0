package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

func TestRunTakesEachStepAndTellsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	c := &call{}
	var rev, seen kv.Revision
	c.next = func(v mirror.View) kv.Step {
		switch c.nexts {
		case 1:
			return kv.Commit(kv.Txn{
				If:   []kv.Compare{kv.Absent(e.key("x"))},
				Then: []kv.Op{kv.Put(e.key("x"), []byte("1"), 0)},
			})
		case 2:
			rev = c.results[0].Revision
			return kv.See(rev)
		case 3:
			if v.Revision() < rev || v.Get(e.key("x")).Mod != rev {
				t.Errorf("at revision %d, asked to see %d", v.Revision(), rev)
			}
			seen = e.put(t, "y", "1")
			return kv.Barrier
		case 4:
			if len(c.looked) != 1 || c.looked[0] < seen || v.Revision() < c.looked[0] {
				t.Errorf("looked at %v, view at %d, what came before has %d", c.looked, v.Revision(), seen)
			}
			return kv.Commit(kv.Txn{If: []kv.Compare{kv.Absent(e.key("x"))}, Then: []kv.Op{kv.Delete(e.key("x"))}})
		}
		return kv.Done
	}
	if err := s.Run(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	if len(c.results) != 2 || !c.results[0].Succeeded || c.results[1].Succeeded || c.results[1].Revision < seen || len(c.signals) != 0 {
		t.Errorf("results %+v, signals %v", c.results, c.signals)
	}
}

func TestAWaitingCallIsAskedAgainAtNewsOfItsKeysAndOnlyThen(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	c := &call{keys: []string{e.key("lock/a/1"), e.key("gateway/")}}
	c.next = func(v mirror.View) kv.Step {
		if e.value(v, "lock/a/1") == "go" {
			return kv.Done
		}
		return kv.Wait
	}
	done := run(t.Context(), s, c, nil)
	eventually(t, "the first look", func() bool { return c.asked() == 1 })
	for _, other := range []string{"lock/a/2", "lock/a/1/x", "lock/a/", "gateway/g/x", "x"} {
		e.put(t, other, "go")
		e.fresh(t, s, other)
	}
	if n := c.asked(); n != 1 {
		t.Errorf("asked %d times, without news", n)
	}
	e.put(t, "gateway/g", "1")
	eventually(t, "a look at the news", func() bool { return c.asked() == 2 })
	e.put(t, "lock/a/1", "go")
	if err := receive(t, done, "end"); err != nil || c.asked() != 3 {
		t.Errorf("asked %d times, %v", c.asked(), err)
	}
}

func run(ctx context.Context, s *store.Store, c *call, timeout *time.Duration) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, c, timeout) }()
	return done
}

// "NOT_ACQUIRED after t (never early; late by at most 50 ms + a commit)". The bound is wider here, since on two
// cores the whole test process may stand still for that long.
func TestATimeoutIsToldNotEarlyAndOnce(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	for _, timeout := range []time.Duration{0, time.Millisecond, 120 * time.Millisecond} {
		c := &call{keys: []string{e.key("x")}, loose: true}
		c.next = func(mirror.View) kv.Step {
			if len(c.signals) > 0 {
				return kv.Done
			}
			return kv.Wait
		}
		begin := time.Now()
		if err := s.Run(t.Context(), c, &timeout); err != nil {
			t.Error(err)
		}
		if len(c.signals) != 1 || c.signals[0].Signal != kv.TimedOut {
			t.Fatalf("signals %v", c.signals)
		}
		if d := c.signals[0].at.Sub(begin); d < timeout || d > timeout+time.Second {
			t.Errorf("told after %v, timeout %v", d, timeout)
		}
	}
}

// waits is a call that waits until it is told that the grace is over.
func waits(e *etcd, loose bool) *call {
	c := &call{keys: []string{e.key("x")}, loose: loose}
	c.next = func(mirror.View) kv.Step {
		if n := len(c.signals); n > 0 && c.signals[n-1].Signal == kv.GraceOver {
			return kv.Done
		}
		return kv.Wait
	}
	return c
}

// X2: "keeps its place for 2 s (retry_grace) [...]; then it leaves no ticket behind."
func TestACallWhoseCallerLeftIsToldSoAndThatTheGraceIsOver(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	c := waits(e, true)
	ctx, leave := context.WithCancel(t.Context())
	done := run(ctx, s, c, nil)
	eventually(t, "the first look", func() bool { return c.asked() == 1 })
	left := time.Now()
	leave()
	if err := receive(t, done, "end"); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller is told %v", err)
	}
	eventually(t, "the end of the grace", func() bool { return len(c.told()) == 2 })
	told := c.told()
	if told[0].Signal != kv.Left || told[1].Signal != kv.GraceOver {
		t.Errorf("signals %v", told)
	}
	if d := told[1].at.Sub(left); d < grace {
		t.Errorf("the grace of %v was over after %v", grace, d)
	}
}

func TestACallWithNothingInLineEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	c := waits(e, false)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Run(ctx, c, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	s.Close() // and with it every task that could still tell something
	if told := c.told(); len(told) != 0 {
		t.Errorf("signals %v", told)
	}
}

func TestAnAnswerThatCanNotBeToldIsTakenBack(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	ctx, leave := context.WithCancel(t.Context())
	c := waits(e, true)
	last := c.next
	c.next = func(v mirror.View) kv.Step {
		if c.nexts == 1 {
			leave() // while the answer is on its way
			return kv.Done
		}
		return last(v)
	}
	if err := s.Run(ctx, c, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, "the end of the grace", func() bool { return len(c.told()) == 2 })
}

func TestNothingIsBegunForACallerWhoIsGone(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	c := &call{next: steps(kv.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0)}}), kv.Done)}
	if err := s.Run(ctx, c, nil); !errors.Is(err, context.Canceled) || c.asked() != 0 {
		t.Errorf("asked %d times, %v", c.asked(), err)
	}

	// Nor does a commit that was under way when its caller left lead to another.
	ctx, leave = context.WithCancel(t.Context())
	c = &call{}
	c.next = func(mirror.View) kv.Step {
		leave()
		return kv.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("y"), nil, 0)}})
	}
	if err := s.Run(ctx, c, nil); !errors.Is(err, context.Canceled) || c.asked() != 1 || len(c.results) != 1 {
		t.Errorf("asked %d times, told %v, %v", c.asked(), c.results, err)
	}
}
