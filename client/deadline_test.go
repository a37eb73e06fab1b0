package client_test

import (
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
)

func TestDeadline_IsTheLargestOfAllAnswers(t *testing.T) {
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		answers []client.Answer
		left    time.Duration
	}{
		"one answer counts from its sending": {
			[]client.Answer{{Sent: ago(4 * time.Second), ValidFor: 10 * time.Second}}, 6 * time.Second,
		},
		"a later one extends": {
			[]client.Answer{{Sent: ago(4 * time.Second), ValidFor: 10 * time.Second}, {Sent: ago(time.Second), ValidFor: 10 * time.Second}}, 9 * time.Second,
		},
		"an answer to a long wait does not shorten": {
			[]client.Answer{{Sent: ago(time.Second), ValidFor: 10 * time.Second}, {Sent: ago(9 * time.Second), ValidFor: 8 * time.Second}}, 9 * time.Second,
		},
		"a small valid_for of a fresh request does not shorten": {
			[]client.Answer{{Sent: ago(4 * time.Second), ValidFor: 10 * time.Second}, {Sent: now, ValidFor: time.Second}}, 6 * time.Second,
		},
		"it passes": {
			[]client.Answer{{Sent: ago(11 * time.Second), ValidFor: 10 * time.Second}}, -time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if left := client.DeadlineLeft(now, c.answers...); left != c.left {
				t.Errorf("left %s, want %s", left, c.left)
			}
		})
	}
}

func TestDeadline_WithoutAnAnswerHasPassed(t *testing.T) {
	if left := client.DeadlineLeft(time.Now()); left > 0 {
		t.Errorf("left %s", left)
	}
}

// A suspended machine's monotonic clock stands still, its wall clock does not.
func TestDeadline_PassesByWhicheverClockSaysSo(t *testing.T) {
	now := time.Now()
	sent := now.Round(0).Add(-time.Minute) // only a wall clock reading
	if left := client.DeadlineLeft(now, client.Answer{Sent: sent, ValidFor: 10 * time.Second}); left > 0 {
		t.Errorf("left %s after a minute asleep", left)
	}
}

func TestMargin_IsATwentiethOfTheTTLWithinBounds(t *testing.T) {
	for ttl, want := range map[time.Duration]time.Duration{
		500 * time.Millisecond: 50 * time.Millisecond,
		2 * time.Second:        100 * time.Millisecond,
		300 * time.Second:      time.Second,
	} {
		if got := client.Margin(ttl); got != want {
			t.Errorf("ttl %s: margin %s, want %s", ttl, got, want)
		}
	}
}

func TestInterval_IsTheServersButAtLeastThreePerTTL(t *testing.T) {
	for _, c := range []struct{ server, ttl, want time.Duration }{
		{5 * time.Second, 300 * time.Second, 5 * time.Second},
		{5 * time.Second, 6 * time.Second, 2 * time.Second},
		{0, 3 * time.Second, time.Second},
	} {
		if got := client.Interval(c.server, c.ttl); got != c.want {
			t.Errorf("server %s, ttl %s: %s, want %s", c.server, c.ttl, got, c.want)
		}
	}
}
