package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// counts is a call that adds one to a key in its turn, on condition that nobody wrote to the key since it looked.
func counts(e *etcd, name string) *call {
	c := &call{keys: []string{e.key("caller")}}
	c.next = func(v mirror.View) kv.Step {
		switch {
		case len(c.results) > 0 && c.results[len(c.results)-1].Succeeded:
			return kv.Done
		case (c.nexts-len(c.results))%2 == 1:
			return kv.Turn(e.key(name))
		}
		n, _ := strconv.Atoi(e.value(v, name))
		as := kv.Absent(e.key(name))
		if i := v.Get(e.key(name)); i != nil {
			as = kv.Unchanged(i)
		}
		return kv.Commit(kv.Txn{If: []kv.Compare{as}, Then: []kv.Op{kv.Put(e.key(name), []byte(strconv.Itoa(n+1)), 0)}})
	}
	return c
}

func TestCallsThatTakeTurnsNeverTryInVain(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	const n = 60
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			c := counts(e, "x")
			if err := s.Run(ctx, c, nil); err != nil || len(c.results) != 1 {
				t.Errorf("tried %d times, %v", len(c.results), err)
			}
		})
	}
	wg.Wait()
	if got := e.fresh(t, s, "x"); got != strconv.Itoa(n) {
		t.Errorf("counted to %s of %d", got, n)
	}
	noTurns(t, s)
}

// noTurns wants nothing left of turns that are over.
func noTurns(t *testing.T, s *store.Store) {
	t.Helper()
	if left := s.Turns(); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// queued wants n calls to stand in line for a turn by now. It is for tests that do not run beside others.
func queued(t *testing.T, n int) {
	t.Helper()
	eventually(t, fmt.Sprint(n, " in line"), func() bool {
		all := make([]byte, 1<<22)
		got := 0
		for _, g := range strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n") {
			state, frames, _ := strings.Cut(g, "\n")
			if strings.Contains(state, "[select") && strings.HasPrefix(frames, "github.com/cpgate/cpgate/internal/store.(*run).inTurn(") {
				got++
			}
		}
		return got == n
	})
}

// Not parallel: it looks for who stands in line.
func TestTurnsAreTakenInTheOrderInWhichTheyWereAskedFor(t *testing.T) {
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	l.before.close() // so that the first one stays at its turn
	const n = 12
	var order []int
	var ends []<-chan error
	for i := range n {
		c := counts(e, "x")
		last := c.next
		c.next = func(v mirror.View) kv.Step {
			if c.nexts == 2 { // in its turn, and so one after the other
				order = append(order, i)
			}
			return last(v)
		}
		ends = append(ends, run(t.Context(), s, c, nil))
		if i == 0 {
			eventually(t, "the first one's commit", func() bool { return l.before.count() == 1 })
		}
		queued(t, i)
	}
	l.before.open()
	for _, end := range ends {
		if err := receive(t, end, "end"); err != nil {
			t.Error(err)
		}
	}
	if !slices.IsSorted(order) || len(order) != n {
		t.Errorf("taken in the order %v", order)
	}
	noTurns(t, s)
}

// Not parallel: it looks for who stands in line.
func TestWhoLeavesTheLineForATurnLetsTheNextOneHaveIt(t *testing.T) {
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	l.before.close()
	first := run(t.Context(), s, counts(e, "x"), nil)
	eventually(t, "the first one's commit", func() bool { return l.before.count() == 1 })

	ctx, leave := context.WithCancel(t.Context())
	left := counts(e, "x")
	leaves := run(ctx, s, left, nil)
	timeout := 20 * time.Millisecond
	late := counts(e, "x")
	asks := late.next
	late.next = func(v mirror.View) kv.Step {
		if len(late.signals) > 0 {
			return kv.Done
		}
		return asks(v)
	}
	timesOut := run(t.Context(), s, late, &timeout)
	if err := receive(t, timesOut, "end by the timeout"); err != nil || len(late.results) != 0 {
		t.Errorf("tried %d times, %v", len(late.results), err)
	}
	if told := late.told(); len(told) != 1 || told[0].Signal != kv.TimedOut {
		t.Errorf("signals %v", told)
	}
	last := counts(e, "x")
	done := run(t.Context(), s, last, nil)
	queued(t, 2)
	leave()
	if err := receive(t, leaves, "end by leaving"); !errors.Is(err, context.Canceled) || left.asked() != 1 {
		t.Errorf("asked %d times, %v", left.asked(), err)
	}
	queued(t, 1)
	l.before.open()
	for _, end := range []<-chan error{first, done} {
		if err := receive(t, end, "end"); err != nil {
			t.Error(err)
		}
	}
	if got := e.fresh(t, s, "x"); got != "2" {
		t.Errorf("counted to %s", got)
	}
	noTurns(t, s)
}

func TestTheLineForATurnEndsWithTheStore(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	l.before.close()
	first := run(t.Context(), s, counts(e, "x"), nil)
	eventually(t, "the first one's commit", func() bool { return l.before.count() == 1 })
	second := run(t.Context(), s, counts(e, "x"), nil)
	eventually(t, "two in line", func() bool { return s.Turns()[e.key("x")] == 2 })
	s.Close()
	for _, end := range []<-chan error{first, second} {
		if err := receive(t, end, "end"); !errors.Is(err, store.ErrUnavailable) {
			t.Error(err)
		}
	}
	noTurns(t, s)
}

func TestCallsThatChangeDifferentKeysDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	e, w := on(t, shared), &heldWatch{}
	w.close()
	s := e.open(t, w.on) // whose mirror is late, so that nobody's turn ends
	var ends []<-chan error
	for _, name := range []string{"x", "y", "z"} {
		c := counts(e, name)
		done := run(t.Context(), s, c, nil)
		eventually(t, "a commit to "+name, func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.results) == 1
		})
		ends = append(ends, done)
	}
	if turns := s.Turns(); len(turns) != 3 {
		t.Errorf("turns %v", turns)
	}
	w.open()
	for _, end := range ends {
		if err := receive(t, end, "end"); err != nil {
			t.Error(err)
		}
	}
}

func TestATurnEndsWhenTheMirrorShowsWhatItWas(t *testing.T) {
	t.Parallel()
	e, w := on(t, shared), &heldWatch{}
	w.close()
	s := e.open(t, w.on)
	first, second := counts(e, "x"), counts(e, "x")
	one := run(t.Context(), s, first, nil)
	eventually(t, "a commit", func() bool { return e.stored(t, "x") == "1" })
	two := run(t.Context(), s, second, nil)
	eventually(t, "two in line", func() bool { return s.Turns()[e.key("x")] == 2 })
	time.Sleep(20 * time.Millisecond)
	if second.asked() != 1 {
		t.Error("the second one had its turn while the mirror did not show what the first one did")
	}
	w.open()
	for _, end := range []<-chan error{one, two} {
		if err := receive(t, end, "end"); err != nil {
			t.Error(err)
		}
	}
	if len(second.results) != 1 || e.stored(t, "x") != "2" {
		t.Errorf("the second one tried %d times, and counted to %s", len(second.results), e.stored(t, "x"))
	}
}

// stored is the key's value in etcd.
func (e *etcd) stored(t *testing.T, name string) string {
	t.Helper()
	r, err := e.Get(t.Context(), e.key(name))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Kvs) == 0 {
		return ""
	}
	return string(r.Kvs[0].Value)
}
