package client

import "time"

// For the tests of the pure parts.
var (
	Pause    = pause
	Margin   = margin
	Interval = interval
	AsError  = asError
	Again    = again
	Unlocked = unlocked
)

// Reasons are the reasons that have a sentinel.
func Reasons() map[string]error { return ofReason }

// Room is how many holds and waits go into one session.
const Room = room

// DeadlineLeft extends a deadline by each of the answers and says what is left of it.
func DeadlineLeft(now time.Time, answers ...Answer) time.Duration {
	var d deadline
	for _, a := range answers {
		d = d.extended(a.Sent, a.ValidFor)
	}
	return d.left(now)
}

// Answer is one answer that renews a session.
type Answer struct {
	Sent     time.Time
	ValidFor time.Duration
}
