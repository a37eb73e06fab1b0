package client_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

func TestSemaphoreDo_HoldsWhileItRunsAndReturnsWhatItReturned(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	var left context.Context
	err := m.Do(within(t), 2, func(ctx context.Context) error {
		left = ctx
		expectAvailable(t, m, 1)
		if err := m.Release(ctx, 1); !errors.Is(err, client.ErrPermitsNotHeld) {
			t.Errorf("taken from a Do: %v", err)
		}
		return errMine
	})
	if !errors.Is(err, errMine) || left.Err() == nil {
		t.Errorf("%v, %v", err, left.Err())
	}
	expectAvailable(t, m, 3)
}

func TestSemaphoreDo_GivesBackWhateverBecomesOfTheFunction(t *testing.T) {
	node := cpgatetest.Start(t)
	m := pool(t, node.Client(t), 3)
	for name, f := range map[string]func(){
		"panic":  func() { panic("boom") },
		"goexit": runtime.Goexit,
	} {
		done := make(chan any)
		go func() {
			defer func() { recover(); close(done) }()
			_ = m.Do(within(t), 3, func(context.Context) error { f(); return nil })
		}()
		receive(t, done)
		if n := look(t, m).Available; n != 3 {
			t.Errorf("%s: %d available", name, n)
		}
	}
}

func TestSemaphoreDo_GivesBackWhenItsContextHasEnded(t *testing.T) {
	m := pool(t, cpgatetest.Start(t).Client(t), 3)
	ctx, cancel := context.WithCancel(t.Context())
	err := m.Do(ctx, 3, func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrOwnershipLost) {
		t.Error(err)
	}
	expectAvailable(t, m, 3)
}

// Cut off from every server, the holder knows by its own clock, and before anybody else has its permits.
func TestSemaphoreDo_EndsBeforeAnotherCanHoldWhenCutOff(t *testing.T) {
	t.Parallel()
	node := short(t)
	p := newProxy(t, node.Addr())
	pool(t, node.Client(t), 2)
	mine, other := connect(t, at(p.addr())).Semaphore("pool"), node.Client(t).Semaphore("pool")
	next := make(chan time.Time, 1)
	var lostAt time.Time
	err := mine.Do(within(t), 2, func(ctx context.Context) error {
		p.cut()
		go func() {
			if _, err := other.Acquire(within(t), 1); err != nil {
				t.Error(err)
			}
			next <- time.Now()
		}()
		<-ctx.Done()
		lostAt = time.Now()
		return context.Cause(ctx)
	})
	if !errors.Is(err, client.ErrOwnershipLost) || !errors.Is(err, client.ErrSessionExpired) {
		t.Error(err)
	}
	if after := receive(t, next).Sub(lostAt); after <= 0 {
		t.Errorf("another held %s before the context ended", -after)
	}
}
