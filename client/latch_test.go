package client_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

func setCount(t *testing.T, l *client.Latch, n int) client.Round {
	t.Helper()
	round, ok, err := l.TrySetCount(within(t), n)
	if !ok || err != nil || round <= 0 {
		t.Fatalf("round %d, %v, %v", round, ok, err)
	}
	return round
}

func countDown(t *testing.T, l *client.Latch, as client.Arrival) {
	t.Helper()
	if err := l.CountDownAs(within(t), as); err != nil {
		t.Error(err)
	}
}

func remaining(t *testing.T, l *client.Latch) int {
	t.Helper()
	s, err := l.Get(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.Remaining
}

func expectRemaining(t *testing.T, l *client.Latch, want int) {
	t.Helper()
	if n := remaining(t, l); n != want {
		t.Errorf("%d remaining, want %d", n, want)
	}
}

func awaitAside(t *testing.T, l *client.Latch) <-chan error {
	done := make(chan error, 1)
	go func() { done <- l.Await(within(t)) }()
	return done
}

func TestLatch_OpensWhenThreeWorkersHaveArrived(t *testing.T) {
	node := cpgatetest.Start(t)
	l := node.Client(t).Latch("job")
	round := setCount(t, l, 3)
	waiting := []<-chan error{awaitAside(t, l), awaitAside(t, node.Client(t).Latch("job@default"))}
	var workers sync.WaitGroup
	for n := range 3 {
		expectRemaining(t, l, 3-n)
		if ok, err := l.TryAwait(within(t), 0); ok || err != nil {
			t.Errorf("open after %d: %v, %v", n, ok, err)
		}
		workers.Go(func() {
			if err := node.Client(t).Latch("job").CountDown(within(t)); err != nil {
				t.Error(err)
			}
		})
		workers.Wait()
	}
	for _, w := range waiting {
		if err := receive(t, w); err != nil {
			t.Error(err)
		}
	}
	if s, err := l.Get(within(t)); err != nil || s != (client.LatchState{Count: 3, Round: round}) {
		t.Errorf("%+v, %v", s, err)
	}
	expectNoSession(t, node)
}

func TestLatch_IsSetAgainOnlyAtZero(t *testing.T) {
	l := cpgatetest.Start(t).Client(t).Latch("job")
	first := setCount(t, l, 1)
	if round, ok, err := l.TrySetCount(within(t), 5); ok || round != first || err != nil {
		t.Errorf("while one remains: round %d, %v, %v", round, ok, err)
	}
	countDown(t, l, client.Arrival{})
	countDown(t, l, client.Arrival{}) // at zero nothing happens
	second := setCount(t, l, 2)
	if second <= first {
		t.Errorf("round %d after %d", second, first)
	}
	waiting := awaitAside(t, l)
	countDown(t, l, client.Arrival{Round: first}) // over
	countDown(t, l, client.Arrival{Round: second})
	expectRemaining(t, l, 1)
	countDown(t, l, client.Arrival{})
	if err := receive(t, waiting); err != nil {
		t.Error(err)
	}
	if err := l.CountDownAs(within(t), client.Arrival{Round: second + 1}); !errors.Is(err, client.ErrInvalidArgument) {
		t.Errorf("a round to come: %v", err)
	}
}

func TestLatch_AnIDCountsOnceAndNotInTheNextRound(t *testing.T) {
	node := cpgatetest.Start(t)
	l := node.Client(t).Latch("job")
	for round := range 2 {
		setCount(t, l, 2)
		for _, restarted := range []*client.Latch{l, l, node.Client(t).Latch("job")} {
			countDown(t, restarted, client.Arrival{ID: fmt.Sprintf("partition-1 of %d", round)})
			countDown(t, restarted, client.Arrival{ID: "partition-1 of 0"})
			expectRemaining(t, l, 1)
		}
		countDown(t, l, client.Arrival{})
		expectRemaining(t, l, 0)
	}
}

func TestLatch_NeverSetIsOpen(t *testing.T) {
	l := cpgatetest.Start(t).Client(t).Latch("job")
	if err := l.Await(within(t)); err != nil {
		t.Error(err)
	}
	if s, err := l.Get(within(t)); s != (client.LatchState{}) || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	countDown(t, l, client.Arrival{})
}

func TestTryAwait_WaitsForItsTimeoutAndNoLonger(t *testing.T) {
	l := cpgatetest.Start(t).Client(t).Latch("job")
	setCount(t, l, 1)
	for _, timeout := range []time.Duration{-time.Second, 0, 300 * time.Millisecond} {
		start := time.Now()
		ok, err := l.TryAwait(within(t), timeout)
		if took := time.Since(start); ok || err != nil || took < timeout || took > timeout+5*time.Second {
			t.Errorf("timeout %s: %v, %v after %s", timeout, ok, err, took)
		}
	}
	done := make(chan bool, 1)
	go func() {
		ok, err := l.TryAwait(within(t), soon)
		done <- ok && err == nil
	}()
	countDown(t, l, client.Arrival{})
	if !receive(t, done) {
		t.Error("the last arrival did not open it")
	}
}

func TestLatch_DestroyedEndsEveryWaitAndMayBeSetAnew(t *testing.T) {
	node := cpgatetest.Start(t)
	l := node.Client(t).Latch("job")
	first := setCount(t, l, 1)
	waiting := awaitAside(t, l)
	select {
	case err := <-waiting:
		t.Fatalf("open: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	for _, want := range []bool{true, false} {
		if ok, err := l.Destroy(within(t)); ok != want || err != nil {
			t.Errorf("destroyed %v, %v; want %v", ok, err, want)
		}
	}
	if err := receive(t, waiting); !errors.Is(err, client.ErrDestroyed) {
		t.Error(err)
	}
	if again := setCount(t, l, 1); again <= first {
		t.Errorf("round %d after %d", again, first)
	}
}

func TestLatch_WhatIsAskedAgainCountsOnce(t *testing.T) {
	node := cpgatetest.Start(t)
	p := newProxy(t, node.Addr())
	l, seen := connect(t, at(p.addr())).Latch("job"), node.Client(t).Latch("job")
	expectRemaining(t, l, 0) // the connection is there
	for _, left := range []int{3, 2, 1, 0} {
		call := func() error { return l.CountDown(within(t)) }
		if left == 3 {
			call = func() error {
				if round, ok, err := l.TrySetCount(within(t), 3); round <= 0 || !ok || err != nil {
					t.Errorf("round %d, %v, %v", round, ok, err)
				}
				return nil
			}
		}
		if err := afterLostAnswer(t, p, call, func() bool { return remaining(t, seen) == left }); err != nil {
			t.Error(err)
		}
		expectRemaining(t, seen, left)
	}
}

func TestAwait_GoesOnElsewhereWhenItsConnectionBreaksOrFallsSilent(t *testing.T) {
	t.Parallel()
	for name, breakLine := range map[string]func(*proxy){"cut": (*proxy).cut, "frozen": (*proxy).freeze} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := cpgatetest.Start(t)
			first := newProxy(t, node.Addr())
			c, l := connect(t, at(first.addr(), node.Addr())), node.Client(t).Latch("job")
			setCount(t, l, 1)
			if ok, err := c.Latch("job").TryAwait(within(t), 0); ok || err != nil {
				t.Fatalf("open: %v, %v", ok, err) // and connected
			}
			waiting := awaitAside(t, c.Latch("job"))
			time.Sleep(200 * time.Millisecond)
			breakLine(first)
			defer first.thaw()
			countDown(t, l, client.Arrival{})
			if err := receive(t, waiting); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLatch_NamesAndNumbersThatAreNotAllowedAreRefused(t *testing.T) {
	c := cpgatetest.Start(t).Client(t)
	set := func(l *client.Latch, n int) error { _, _, err := l.TrySetCount(within(t), n); return err }
	for name, x := range map[string]struct {
		err   error
		want  error
		field string
	}{
		"empty name":     {set(c.Latch(""), 1), client.ErrInvalidName, "name"},
		"name not UTF-8": {c.Latch("\xff").Await(within(t)), client.ErrInvalidName, "name"},
		"none":           {set(c.Latch("a"), 0), client.ErrInvalidArgument, "count"},
		"very many":      {set(c.Latch("a"), 1<<40), client.ErrInvalidArgument, "count"},
		"id not UTF-8":   {c.Latch("a").CountDownAs(within(t), client.Arrival{ID: "\xff"}), client.ErrInvalidArgument, "request_id"},
		"negative round": {c.Latch("a").CountDownAs(within(t), client.Arrival{Round: -1}), client.ErrInvalidArgument, "round"},
	} {
		var e *client.Error
		if !errors.Is(x.err, x.want) || !errors.As(x.err, &e) || e.Field != x.field {
			t.Errorf("%s: %v", name, x.err)
		}
	}
}
