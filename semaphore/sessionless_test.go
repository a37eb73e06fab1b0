package semaphore_test

import "testing"

func TestSessionless_Story(t *testing.T) {
	tell(t, map[string]string{
		"no session needed": `
			- init i1 3 sessionless -> true
			- acquire r1 1 -> acquired
			-.x@2 acquire r2 1 0s -> acquired
			- get -> 1 sessionless
			-@2 release u1 2 -> 2
			- get -> 3 sessionless`,
		"nothing comes back by itself": `
			- init i1 3 sessionless -> true
			- acquire r1 3 -> acquired
			a close -> true
			- get -> 0 sessionless
			-@2 acquire r2 1 0s -> refused, 0`,
		"release by anyone, also of permits never acquired (availability grows)": `
			- init i1 1 sessionless -> true
			- release u1 5 -> 5
			-@2 get -> 6 sessionless
			-@2 acquire r1 4 0s -> acquired
			- release u2 4 -> 4
			- get -> 6 sessionless`,
		"same FIFO rule": `
			- init i1 2 sessionless -> true
			- acquire r1 1 -> acquired
			- acquire r2 3 &
			-@2 acquire r3 1 &
			- acquire r4 1 0s -> refused, 1
			-@2 acquire r5 1 10ms -> refused, 1 at 3
			- get -> 1 sessionless | -:3 -:1
			- release u1 1 -> 1
			- get -> 2 sessionless | -:3 -:1
			-@2 release u2 1 -> 1
			- await r2 -> acquired
			- get -> 0 sessionless | -:1
			- release u3 1 -> 1
			- await r3 -> acquired
			- get -> 0 sessionless`,
		"one release lets in as many as fit, in order": `
			- init i1 0 sessionless -> true
			- acquire r1 2 &
			-@2 acquire r2 1 &
			- acquire r3 2 &
			-@2 acquire r4 1 &
			- release u1 4 -> 4
			- await r1 -> acquired
			- await r2 -> acquired
			- get -> 1 sessionless | -:2 -:1`,
		"acquires before init wait": `
			- acquire r1 2 &
			-@2 acquire r2 2 &
			- get -> none | -:2 -:2
			- init i1 3 sessionless -> true
			- await r1 -> acquired
			- get -> 1 sessionless | -:2`,
		"who leaves the line lets in who stood behind": `
			- init i1 1 sessionless -> true
			- acquire r1 2 &
			-@2 acquire r2 1 &
			- cancel r1 -> true
			- await r1 -> wait cancelled
			- await r2 -> acquired`,
		"drain: takes all that is available, answers how many": `
			- init i1 5 sessionless -> true
			- acquire r1 2 -> acquired
			- drain d1 -> 3
			-@2 drain d2 -> 0
			- get -> 0 sessionless`,
		"drain: 0 while anyone waits (S2)": `
			- init i1 2 sessionless -> true
			- acquire r1 3 &
			-@2 drain d1 -> 0
			- get -> 2 sessionless | -:3`,
		"drain: a negative availability is answered and becomes 0": `
			- init i1 1 sessionless -> true
			- reduce c1 3 -> ok
			- acquire r1 1 &
			-@2 drain d1 -> -2
			- get -> 0 sessionless | -:1
			- release u1 1 -> 1
			- await r1 -> acquired`,
		"a waiter whose connection is gone leaves the line": `
			- init i1 1 sessionless -> true
			- acquire r1 2 &
			-@2 acquire r2 1 &
			- leave r1
			- gone r1
			- await r2 -> acquired
			- get -> 0 sessionless`,
		"what nobody waits for is the record, and what is remembered": `
			- init i1 1 sessionless -> true
			- acquire r1 1 -> acquired
			- acquire r2 1 0s -> refused, 0
			- acquire r3 1 5ms -> refused, 0 at 1
			- release u1 1 -> 1
			- keys -> memo/-/semaphore/pool/r1 memo/-/semaphore/pool/u1 semaphore/pool`,
	})
}

// "Every mutating call with a request id counts once per id."
func TestSessionless_CountsOncePerID(t *testing.T) {
	tell(t, map[string]string{
		"acquire": `
			- init i1 5 sessionless -> true
			- acquire r1 2 -> acquired
			- acquire r1 2 -> acquired
			-@2 acquire r1 2 attempt=1 -> acquired
			- acquire r1 2 0s attempt=2 -> acquired
			- get -> 3 sessionless`,
		"acquire that waits": `
			- init i1 1 sessionless -> true
			- acquire r1 2 &
			-@2 acquire r1 2 & attempt=1
			- await r1#0 -> wait cancelled
			- release u1 3 -> 3
			- await r1 -> acquired
			- acquire r1 2 attempt=2 -> acquired
			- get -> 2 sessionless`,
		"release": `
			- init i1 0 sessionless -> true
			- release u1 2 -> 2
			-@2 release u1 2 -> 2
			- release u1 2 attempt=1 -> 2
			- get -> 2 sessionless`,
		"drain": `
			- init i1 3 sessionless -> true
			- drain d1 -> 3
			- release u1 2 -> 2
			-@2 drain d1 attempt=1 -> 3
			- drain d1 attempt=2 -> 3
			- get -> 2 sessionless`,
		"drain of less than nothing": `
			- init i1 0 sessionless -> true
			- reduce c1 3 -> ok
			- drain d1 -> -3
			- reduce c2 1 -> ok
			-@2 drain d1 attempt=1 -> -3
			- get -> -1 sessionless`,
		"increase": `
			- init i1 1 sessionless -> true
			- increase c1 2 -> ok
			-@2 increase c1 2 attempt=1 -> ok
			- get -> 3 sessionless`,
		"reduce": `
			- init i1 1 sessionless -> true
			- reduce c1 2 -> ok
			-@2 reduce c1 2 attempt=1 -> ok
			- get -> -1 sessionless`,
		"a try that was refused on a retry": `
			- init i1 0 sessionless -> true
			- acquire r1 1 0s attempt=1 -> refused, 0
			- release u1 1 -> 1
			-@2 acquire r1 1 -> refused, 1
			- acquire r1 1 0s attempt=2 -> refused, 1
			- get -> 1 sessionless`,
		"a wait that gave up on a retry": `
			- init i1 0 sessionless -> true
			- acquire r1 1 10ms attempt=1 -> refused, 0 at 1
			- release u1 1 -> 1
			-@2 acquire r1 1 -> refused, 1
			- get -> 1 sessionless`,
	})
}
