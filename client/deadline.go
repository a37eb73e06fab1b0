package client

import "time"

// deadline is the moment up to which a session can't have expired: the largest, over all answers, of when the
// request was sent plus the answer's valid_for. Its zero value has passed already.
type deadline struct{ at time.Time }

// extended gives d, or sent+validFor where that is later. Sent has to be taken before the request leaves: an
// answer proves only that the session was renewed at some moment after that.
func (d deadline) extended(sent time.Time, validFor time.Duration) deadline {
	if at := sent.Add(validFor); d.at.IsZero() || at.After(d.at) {
		return deadline{at}
	}
	return d
}

// left says how long d is ahead of now, by the clock that says less. The monotonic clock can't be set, but
// stands still while a machine is suspended; the wall clock shows that sleep as soon as the machine wakes.
func (d deadline) left(now time.Time) time.Duration {
	return min(d.at.Sub(now), d.at.Round(0).Sub(now.Round(0)))
}

// margin is how long before its deadline a session is taken for lost: the time that a late timer, and a holder
// told to stop, have for coming to an end before the lock can be anyone else's.
func margin(ttl time.Duration) time.Duration {
	return min(max(ttl/20, 50*time.Millisecond), time.Second)
}

// interval is how often a session is renewed: as the server says, and at least three times per TTL, so that one
// lost heartbeat costs nothing.
func interval(server, ttl time.Duration) time.Duration {
	if third := ttl / 3; server <= 0 || third < server {
		return third
	}
	return server
}
