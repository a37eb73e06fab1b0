package semaphore_test

import "testing"

// Each case quotes the sentence, or the invariant, that it is told for.
func TestInit_Story(t *testing.T) {
	tell(t, map[string]string{
		"init(n): true; false if already initialised": `
			- get -> none
			- init i1 3 -> true
			- init i2 5 -> false
			-@2 init i3 3 -> false
			- get -> 3/3`,
		"n >= 0: nobody is admitted to none": `
			- init i1 0 -> true
			a acquire r1 1 0s -> refused, 0
			b acquire r2 1 &
			- get -> 0/0 | b:1
			- increase c1 1 -> ok
			b await r2 -> acquired`,
		"acquires before init wait": `
			a acquire r1 2 &
			b@2 acquire r2 1 &
			- get -> none | a:2 b:1
			- list -> pool none 0|2
			- init i1 2 -> true
			a await r1 -> acquired
			- get -> 0/2 a:2 | b:1
			a release u1 1 -> 1
			b await r2 -> acquired`,
		"waiters are admitted": `
			a acquire r1 2 &
			b@2 acquire r2 1 &
			c acquire r3 4 &
			d@2 acquire r4 1 &
			- init i1 5 -> true
			a await r1 -> acquired
			b await r2 -> acquired
			- get -> 2/5 a:2 b:1 | c:4 d:1`,
		"a try, or a timeout, before init is refused": `
			a acquire r1 1 0s -> refused, 0
			a acquire r2 1 10ms -> refused, 0 at 1
			b acquire r3 1 &
			a@2 acquire r4 1 10ms -> refused, 0 at 2
			- get -> none | b:1`,
		"a repeated init answers the same (S4)": `
			- init i1 3 -> true
			-@2 init i1 3 -> true
			- increase c1 1 -> ok
			- init i1 3 -> true
			- get -> 4/4
			- destroy -> true
			-@2 init i1 3 -> true
			- get -> none
			- init i2 2 -> true
			- init i1 3 -> true
			- get -> 2/2`,
		"sessionless: true at init": `
			- init i1 3 sessionless -> true
			- init i2 3 -> false
			-@2 init i1 3 sessionless -> true
			- get -> 3 sessionless`,
	})
}

func TestInit_Kinds(t *testing.T) {
	tell(t, map[string]string{
		"using session-aware calls on a sessionless one: INVALID_ARGUMENT that says which kind it is": `
			- init i1 3 sessionless -> true
			a acquire r1 1 -> is sessionless
			a@2 acquire r2 1 0s -> is sessionless
			a release u1 1 -> is sessionless
			a release ticket=r1 -> is sessionless
			a drain d1 -> is sessionless
			a cancel r1 -> is sessionless
			- get -> 3 sessionless
			- keys -> semaphore/pool`,
		"or the reverse": `
			- init i1 3 -> true
			- acquire r1 1 -> is session-aware
			-@2 acquire r2 1 0s -> is session-aware
			- release u1 1 -> is session-aware
			- drain d1 -> is session-aware
			- cancel r1 -> is session-aware
			- get -> 3/3
			- keys -> semaphore/pool`,
		"also one that waits since before init: with a session": `
			a acquire r1 1 &
			- acquire r2 1 &
			b@2 acquire r3 1 &
			- get -> none | a:1 -:1 b:1
			- init i1 2 sessionless -> true
			a await r1 -> is sessionless
			b await r3 -> is sessionless
			- await r2 -> acquired
			- get -> 1 sessionless`,
		"also one that waits since before init: without": `
			- acquire r1 1 &
			a acquire r2 1 &
			-@2 acquire r3 1 &
			- init i1 2 -> true
			- await r1 -> is session-aware
			- await r3 -> is session-aware
			a await r2 -> acquired
			- get -> 1/2 a:1`,
		"also of one for whom it would not be the turn": `
			- acquire r1 5 &
			a@2 acquire r2 1 &
			- init i1 1 sessionless -> true
			a await r2 -> is sessionless
			- get -> 1 sessionless | -:5`,
		"also where there is nothing to be had": `
			a acquire r1 1 &
			-@2 acquire r2 1 &
			- init i1 0 -> true
			- await r2 -> is session-aware
			- get -> 0/0 | a:1`,
		"of a retry it stays the answer, also when the kind has changed (S4)": `
			- init i1 3 sessionless -> true
			a acquire r1 1 attempt=1 -> is sessionless
			a acquire r2 1 -> is sessionless
			- destroy -> true
			- init i2 3 -> true
			a@2 acquire r1 1 -> is sessionless
			a@2 acquire r2 1 attempt=1 -> acquired
			- get -> 2/3 a:1`,
		"increase and reduce are for both": `
			- init i1 3 sessionless -> true
			- increase c1 2 -> ok
			- reduce c2 1 -> ok
			- get -> 4 sessionless`,
		"checked after the session: an expired one is told first": `
			- init i1 3 sessionless -> true
			a close -> true
			a acquire r1 1 -> expired
			a release u1 1 -> expired
			a drain d1 -> expired
			a cancel r1 -> expired`,
	})
}

func TestInit_NotInitialized(t *testing.T) {
	tell(t, map[string]string{
		"with a session": `
			a release u1 1 -> not held
			a release ticket=r1 -> already released
			a drain d1 -> not initialized
			a cancel r1 -> false`,
		"without": `
			- release u1 1 -> not initialized
			- drain d1 -> not initialized
			- increase c1 1 -> not initialized
			-@2 reduce c2 1 -> not initialized
			- cancel r1 -> false
			- destroy -> false
			- get -> none
			- list ->`,
		"of a retry it stays the answer (S4)": `
			- release u1 1 attempt=1 -> not initialized
			- drain d1 attempt=1 -> not initialized
			- increase c1 1 attempt=1 -> not initialized
			a drain d2 attempt=1 -> not initialized
			- init i1 3 sessionless -> true
			- release u1 1 -> not initialized
			-@2 drain d1 -> not initialized
			- increase c1 1 attempt=2 -> not initialized
			- get -> 3 sessionless`,
	})
}
