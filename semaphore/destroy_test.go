package semaphore_test

import "testing"

func TestDestroy_Story(t *testing.T) {
	tell(t, map[string]string{
		"waiters get DESTROYED": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			c@2 acquire r3 5 &
			- destroy -> true
			b await r2 -> destroyed
			c await r3 -> destroyed
			- get -> none
			- destroy -> false
			- keys -> memo/-/semaphore/pool/i1`,
		"waiters get DESTROYED, without a session": `
			- init i1 1 sessionless -> true
			- acquire r1 2 &
			-@2 acquire r2 1 &
			-@2 destroy -> true
			- await r1 -> destroyed
			- await r2 -> destroyed
			- get -> none`,
		"permits held are void": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			-@2 destroy -> true
			a release u1 1 -> not held
			a release ticket=r1 -> already released
			a cancel r1 -> false
			- init i2 3 -> true
			a release u2 1 -> not held
			- get -> 3/3`,
		"the name can be initialised anew at once": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			- destroy -> true
			- init i2 2 -> true
			b await r2 -> destroyed
			c@2 acquire r3 2 0s -> acquired
			- get -> 0/2 c:2`,
		"as the other kind": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			- destroy -> true
			- init i2 2 sessionless -> true
			b await r2 -> destroyed
			- acquire r3 2 0s -> acquired
			- acquire r4 1 &
			-@2 destroy -> true
			- init i3 1 -> true
			- await r4 -> destroyed
			a acquire r5 1 -> acquired
			- get -> 0/1 a:1`,
		"also below zero, and with nobody in line": `
			- init i1 0 -> true
			- reduce c1 5 -> ok
			- destroy -> true
			- init i2 1 -> true
			- get -> 1/1`,
		"a retry of what waited waits for the new one": `
			- init i1 1 -> true
			a acquire r1 2 & attempt=1
			- destroy -> true
			a await r1 -> destroyed
			- init i2 3 -> true
			b acquire r2 2 -> acquired
			- get -> 1/3 b:2`,
		"who waits since before init is not of it": `
			a acquire r1 1 &
			- destroy -> false
			- get -> none | a:1
			- init i1 1 -> true
			a await r1 -> acquired`,
		"requests of before stay counted (S4)": `
			- init i1 3 sessionless -> true
			- acquire r1 2 -> acquired
			- release u1 1 -> 1
			- increase c1 1 -> ok
			- destroy -> true
			- init i2 5 sessionless -> true
			- acquire r1 2 attempt=1 -> acquired
			- release u1 1 attempt=1 -> 1
			-@2 increase c1 1 attempt=1 -> ok
			- get -> 5 sessionless`,
	})
}
