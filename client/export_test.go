package client

import "time"

// For the tests of the pure parts.
var (
	Pause     = pause
	Margin    = margin
	Interval  = interval
	AsError   = asError
	Again     = again
	GivenBack = givenBack
)

// Reasons are the reasons that have a sentinel.
func Reasons() map[string]error { return ofReason }

// Room is how many holds and waits go into one session.
const Room = room

// Places is how many holds and waits the client counts in its sessions.
func (c *Client) Places() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sessions {
		n += s.places
	}
	return n
}

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

// Stakes is how many holds the client could be told to have lost.
func (c *Client) Stakes() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sessions {
		s.mu.Lock()
		n += len(s.stakes)
		s.mu.Unlock()
	}
	return n
}
