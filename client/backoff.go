package client

import "time"

const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
	// longestAdvice bounds a server's own word on when to ask again.
	longestAdvice = 5 * time.Second
)

// pause is how long to wait before attempt n (1 is the first retry) over so many endpoints. Within the first
// round it is short, because a server keeps the place of a waiter that lost its connection for two seconds
// only; it doubles with each whole round that failed. Jitter is from 0 to 1 and takes up to half of it away, so
// that callers that failed together don't return together.
//
// Advice is what the last server said (RetryInfo), 0 for nothing. It is about that server, so it counts only
// when the next attempt doesn't go to a fresh one.
func pause(n int32, endpoints int, jitter float64, advice time.Duration) time.Duration {
	round := int(n-1) / max(endpoints, 1)
	full := min(firstPause<<min(round, 10), longestPause)
	p := full - time.Duration(jitter*float64(full)/2)
	if int(n) < endpoints {
		return p
	}
	return max(p, min(advice, longestAdvice))
}
