package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/session"
)

func TestPace_WhoComesAloneGoesOnAndWhoComesSoonAfterWaitsForTheOthers(t *testing.T) {
	t.Parallel()
	var p session.Pace
	now := time.Now()
	if p.Join(now) != nil {
		t.Fatal("the first one waits")
	}
	one, other := p.Join(now), p.Join(now.Add(session.PaceEvery/2))
	if one == nil || one != other {
		t.Fatal("two that come soon after do not wait together")
	}
	<-one
	if p.Join(time.Now().Add(-session.PaceEvery/2)) == nil {
		t.Error("who comes soon after these does not wait")
	}
	var q session.Pace
	if q.Join(now) != nil || q.Join(now.Add(session.PaceEvery)) != nil {
		t.Error("who comes later waits")
	}
}

func TestPace_WhoLeavesDoesNotWait(t *testing.T) {
	t.Parallel()
	var p session.Pace
	p.Join(time.Now().Add(time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
