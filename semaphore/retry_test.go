package semaphore_test

import "testing"

// "A request id counts once" (S4), through whichever gateway it is asked again.
func TestRetry_Acquire(t *testing.T) {
	tell(t, map[string]string{
		"of what holds: acquired, and nothing changes": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			a acquire r1 2 -> acquired
			a@2 acquire r1 2 attempt=1 -> acquired
			a acquire r1 2 0s attempt=2 -> acquired
			- get -> 1/3 a:2`,
		"of what waits: it keeps its place, and the older attempt stands down (S2)": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			c acquire r3 1 &
			b@2 acquire r2 1 & attempt=1
			b await r2#0 -> wait cancelled
			- get -> 0/1 a:1 | b:1 c:1
			a release u1 1 -> 1
			b await r2 -> acquired
			- get -> 0/1 b:1 | c:1`,
		"one that says it is the first too": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			b@2 acquire r2 1 &
			b await r2#0 -> wait cancelled
			a release u1 1 -> 1
			b await r2 -> acquired`,
		"an older attempt that comes late stands down": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 & attempt=1
			b@2 acquire r2 1 -> wait cancelled
			a release u1 1 -> 1
			b await r2 -> acquired
			b@2 acquire r2 1 -> wait cancelled`,
		"as a try: it leaves the line, and stays refused": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			b@2 acquire r2 1 0s attempt=1 -> refused, 0 at 1
			b await r2#0 -> wait cancelled
			- get -> 0/1 a:1
			a release u1 1 -> 1
			b acquire r2 1 attempt=2 -> refused, 1
			- get -> 1/1`,
		"of a try that was refused": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 0s attempt=1 -> refused, 0
			a release u1 1 -> 1
			b@2 acquire r2 1 -> refused, 1
			b acquire r2 1 attempt=2 -> refused, 1
			- get -> 1/1`,
		"of a wait that gave up": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 5ms attempt=1 -> refused, 0 at 1
			a release u1 1 -> 1
			b@2 acquire r2 1 -> refused, 1
			- get -> 1/1`,
		"of what was given back by its number": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			a release u1 1 -> 1
			a@2 acquire r1 2 attempt=1 -> acquired
			- get -> 2/3 a:1
			a release u2 1 -> 1
			a@2 acquire r1 2 attempt=2 -> acquired
			- get -> 3/3`,
		"of what was retried before, and given back": `
			- init i1 3 -> true
			a acquire r1 2 attempt=1 -> acquired
			a release ticket=r1 -> 2
			a@2 acquire r1 2 -> acquired
			a acquire r1 2 attempt=2 -> acquired
			a release ticket=r1 -> already released
			- get -> 3/3`,
		"of what was retried before, and destroyed": `
			- init i1 3 -> true
			a acquire r1 2 attempt=1 -> acquired
			- destroy -> true
			- init i2 3 -> true
			a@2 acquire r1 2 -> destroyed
			- get -> 3/3`,
		"another session's request of that id is another": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b@2 acquire r1 2 0s -> refused, 1
			b acquire r1 1 0s -> acquired
			- get -> 0/3 a:2 b:1`,
		"it gets what the first attempt came for": `
			- init i1 5 -> true
			a acquire r1 2 -> acquired
			a acquire r1 3 attempt=1 -> acquired
			- get -> 3/5 a:2`,
	})
}

func TestRetry_Release(t *testing.T) {
	tell(t, map[string]string{
		"by number": `
			- init i1 5 -> true
			a acquire r1 4 -> acquired
			a release u1 1 -> 1
			a release u1 1 -> 1
			a@2 release u1 1 attempt=1 -> 1
			- get -> 2/5 a:3
			a release u2 3 -> 3
			a@2 release u2 3 attempt=1 -> 3
			a release u1 1 attempt=2 -> 1
			- get -> 5/5`,
		"by number: the refusal of a retry is remembered": `
			- init i1 5 -> true
			a acquire r1 1 -> acquired
			a release u1 2 attempt=1 -> not held
			a acquire r2 1 -> acquired
			a@2 release u1 2 -> not held
			a release u1 2 attempt=2 -> not held
			- get -> 3/5 a:2`,
		"by number: more was held when it was asked again": `
			- init i1 5 -> true
			a acquire r1 1 -> acquired
			a release u1 2 -> not held
			a acquire r2 1 -> acquired
			a@2 release u1 2 attempt=1 -> 2
			- get -> 5/5`,
		"by ticket": `
			- init i1 5 -> true
			a acquire r1 3 -> acquired
			a acquire r2 1 -> acquired
			a release ticket=r1 -> 3
			a release ticket=r1 -> already released
			a@2 release ticket=r1 attempt=1 -> already released
			- get -> 4/5 a:1`,
		"after the permits went to another": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			a release u1 1 -> 1
			b await r2 -> acquired
			a@2 release u1 1 attempt=1 -> 1
			- get -> 0/1 b:1`,
	})
}

// A cancel ends what an acquire began; "no error if there is nothing".
func TestCancel_Story(t *testing.T) {
	tell(t, map[string]string{
		"the wait is gone at once (X2)": `
			- init i1 2 -> true
			a acquire r1 1 -> acquired
			b acquire r2 2 &
			c acquire r3 1 &
			b@2 cancel r2 -> true
			b await r2 -> wait cancelled
			c await r3 -> acquired
			- get -> 0/2 a:1 c:1`,
		"what that very request got is given back": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			a acquire r2 1 -> acquired
			b acquire r3 2 &
			a@2 cancel r1 -> true
			b await r3 -> acquired
			- get -> 0/3 a:1 b:2
			a release ticket=r1 -> already released`,
		"what is left of it": `
			- init i1 3 -> true
			a acquire r1 3 -> acquired
			a release u1 1 -> 1
			a cancel r1 -> true
			- get -> 3/3`,
		"twice, and nothing": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			a cancel r1 -> true
			a@2 cancel r1 -> false
			a cancel r2 -> false
			b cancel r1 -> false
			- get -> 1/1`,
		"what was given back is not cancelled": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			a release u1 2 -> 2
			a cancel r1 -> false
			- get -> 3/3`,
		"a request that arrives after its cancel does nothing": `
			- init i1 1 -> true
			a cancel r1 -> false
			a acquire r1 1 -> wait cancelled
			a@2 acquire r1 1 0s attempt=1 -> wait cancelled
			- get -> 1/1`,
		"nor does a retry of what was cancelled": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			a cancel r1 -> true
			a@2 acquire r1 1 attempt=1 -> wait cancelled
			b acquire r2 2 &
			b cancel r2 -> true
			b await r2 -> wait cancelled
			b@2 acquire r2 2 attempt=1 -> wait cancelled
			- get -> 1/1`,
		"before init": `
			a acquire r1 1 &
			a cancel r1 -> true
			a await r1 -> wait cancelled
			- get -> none`,
		"what was drained": `
			- init i1 3 -> true
			a drain d1 -> 3
			a@2 cancel d1 -> true
			a drain d1 attempt=1 -> wait cancelled
			- get -> 3/3`,
	})
}

func TestCancel_Sessionless(t *testing.T) {
	tell(t, map[string]string{
		"the wait is gone at once": `
			- init i1 1 sessionless -> true
			- acquire r1 2 &
			-@2 acquire r2 1 &
			-@2 cancel r1 -> true
			- await r1 -> wait cancelled
			- await r2 -> acquired
			- get -> 0 sessionless`,
		"what that very request got is given back": `
			- init i1 3 sessionless -> true
			- acquire r1 3 -> acquired
			- acquire r2 2 &
			-@2 cancel r1 -> true
			- await r2 -> acquired
			- cancel r1 -> false
			- get -> 1 sessionless`,
		"a request that arrives after its cancel does nothing": `
			- init i1 1 sessionless -> true
			- cancel r1 -> false
			- acquire r1 1 -> wait cancelled
			-@2 acquire r1 1 0s attempt=1 -> wait cancelled
			- get -> 1 sessionless`,
		"nor does a retry of what was cancelled": `
			- init i1 1 sessionless -> true
			- acquire r1 1 -> acquired
			- cancel r1 -> true
			-@2 acquire r1 1 attempt=1 -> wait cancelled
			- get -> 1 sessionless`,
		"of what was destroyed since, nothing is given back": `
			- init i1 3 sessionless -> true
			- acquire r1 2 -> acquired
			- destroy -> true
			- init i2 3 sessionless -> true
			- cancel r1 -> true
			- get -> 3 sessionless`,
		"no more than there may be is given back": `
			- init i1 max sessionless -> true
			- acquire r1 2 -> acquired
			- increase c1 1 -> ok
			- cancel r1 -> true
			- get -> 2147483647 sessionless`,
	})
}
