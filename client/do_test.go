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

var errMine = errors.New("mine")

func TestDo_HoldsWhileItRunsAndReturnsWhatItReturned(t *testing.T) {
	node := cpgatetest.Start(t)
	l, other := node.Client(t).Lock("orders"), node.Client(t).Lock("orders")
	err := l.Do(within(t), func(ctx context.Context, fence client.Fence) error {
		if _, ok, err := other.TryLock(ctx, 0); ok || err != nil || fence <= 0 {
			t.Errorf("fence %d; another has it: %v, %v", fence, ok, err)
		}
		return errMine
	})
	if !errors.Is(err, errMine) {
		t.Errorf("%v", err)
	}
	lock(t, other)
}

func TestDo_UnlocksWhateverBecomesOfTheFunction(t *testing.T) {
	node := cpgatetest.Start(t)
	c, s := node.Client(t), wire(t, node.Addr())
	for name, f := range map[string]func(){
		"panic":  func() { panic("boom") },
		"goexit": runtime.Goexit,
	} {
		done := make(chan any)
		go func() {
			defer func() { recover(); close(done) }()
			_ = c.Lock(name).Do(within(t), func(context.Context, client.Fence) error { f(); return nil })
		}()
		receive(t, done)
		s.awaitFree(t, name)
	}
}

func TestDo_UnlocksWhenItsContextHasEnded(t *testing.T) {
	node := cpgatetest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := node.Client(t).Lock("orders").Do(ctx, func(ctx context.Context, _ client.Fence) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("%v", err)
	}
	if _, ok, err := node.Client(t).Lock("orders").TryLock(within(t), 0); !ok || err != nil {
		t.Errorf("not free when Do has returned: %v", err)
	}
}

func TestDo_EndsTheContextOfWhatWasLeftRunning(t *testing.T) {
	var left context.Context
	err := cpgatetest.Start(t).Client(t).Lock("orders").Do(within(t), func(ctx context.Context, _ client.Fence) error {
		left = ctx
		return nil
	})
	if err != nil || left.Err() == nil {
		t.Errorf("%v, %v", err, left.Err())
	}
}

// untilLost runs Do until its context ends, and gives when that was, its cause and what Do returned.
func untilLost(t *testing.T, l *client.Lock, started chan<- struct{}) (at time.Time, cause, err error) {
	err = l.Do(within(t), func(ctx context.Context, _ client.Fence) error {
		close(started)
		<-ctx.Done()
		at, cause = time.Now(), context.Cause(ctx)
		return nil
	})
	return at, cause, err
}

// The heart of it: cut off from every server, the holder knows by its own clock, and before anybody else holds.
func TestDo_EndsBeforeAnotherCanHoldWhenCutOff(t *testing.T) {
	t.Parallel()
	for name, breakLine := range map[string]func(*proxy){
		"frozen": (*proxy).freeze,
		"cut":    (*proxy).cut,
		"mute":   (*proxy).muteAnswers, // heartbeats arrive: only the client's own good-bye ends the session
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := short(t)
			p := newProxy(t, node.Addr())
			l, other := connect(t, at(p.addr())).Lock("orders"), node.Client(t).Lock("orders")
			started := make(chan struct{})
			next := make(chan time.Time, 1)
			go func() {
				<-started
				breakLine(p)
				if _, err := other.Lock(within(t)); err != nil {
					t.Error(err)
				}
				next <- time.Now()
			}()
			lostAt, cause, err := untilLost(t, l, started)
			if !errors.Is(cause, client.ErrOwnershipLost) || !errors.Is(cause, client.ErrSessionExpired) {
				t.Errorf("cause %v", cause)
			}
			if !errors.Is(err, client.ErrOwnershipLost) {
				t.Errorf("Do: %v", err)
			}
			if after := receive(t, next).Sub(lostAt); after <= 0 {
				t.Errorf("another held %s before the context ended", -after)
			}
		})
	}
}

func TestDo_EndsWhenTheNodeStopsForGood(t *testing.T) {
	t.Parallel()
	node := short(t)
	started, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		<-started
		node.Stop(t)
	}()
	_, cause, err := untilLost(t, node.Client(t).Lock("orders"), started)
	receive(t, stopped)
	if !errors.Is(cause, client.ErrOwnershipLost) || !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("cause %v, Do %v", cause, err)
	}
}

func TestDo_EndsWithinAHeartbeatWhenItsSessionIsClosedBehindItsBack(t *testing.T) {
	node := short(t)
	c, s := node.Client(t), wire(t, node.Addr())
	id, started := sessionID(t, c), make(chan struct{})
	closed := make(chan time.Time, 1)
	go func() {
		<-started
		endSession(t, s, id)
		closed <- time.Now()
	}()
	lostAt, cause, err := untilLost(t, c.Lock("orders"), started)
	if !errors.Is(cause, client.ErrSessionExpired) || !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("cause %v, Do %v", cause, err)
	}
	if late := lostAt.Sub(receive(t, closed)); late > 1500*time.Millisecond {
		t.Errorf("told after %s", late)
	}
}
