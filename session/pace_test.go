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
	p := session.NewPace(5 * time.Second)
	now := time.Now()
	if p.Join(now) != nil {
		t.Fatal("the first one waits")
	}
	one, other := p.Join(now), p.Join(now.Add(p.Every()/2))
	if one == nil || one != other {
		t.Fatal("two that come soon after do not wait together")
	}
	<-one
	if p.Join(time.Now().Add(-p.Every()/2)) == nil {
		t.Error("who comes soon after these does not wait")
	}
	q := session.NewPace(5 * time.Second)
	if q.Join(now) != nil || q.Join(now.Add(p.Every())) != nil {
		t.Error("who comes later waits")
	}
}

func TestPace_WhoLeavesDoesNotWait(t *testing.T) {
	t.Parallel()
	p := session.NewPace(5 * time.Second)
	p.Join(time.Now().Add(time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPace_IsAHundredthOfTheIntervalAndLittleOfTheShortestTTL(t *testing.T) {
	t.Parallel()
	for interval, want := range map[time.Duration]time.Duration{
		time.Second: 10 * time.Millisecond, 5 * time.Second: 50 * time.Millisecond, 20 * time.Second: 200 * time.Millisecond,
		time.Hour: 200 * time.Millisecond,
	} {
		if got := session.NewPace(interval).Every(); got != want {
			t.Errorf("every %v: %v, want %v", interval, got, want)
		}
	}
}
