package semaphore_test

import "testing"

// What depends on who holds proves so when it is committed: reduce and drain, on a view of the past, never take back what
// was admitted since (S3), nor give more than there is (S1).
func TestStale_Reduce(t *testing.T) {
	tell(t, map[string]string{
		"one who came holds by now": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			-@2 late
			b acquire r2 2 -> acquired
			-@2 reduce c1 2 -> ok
			- get -> -2/1 a:1 b:2`,
		"the first one came": `
			- init i1 3 -> true
			-@2 late
			a acquire r1 3 -> acquired
			-@2 reduce c1 3 -> ok
			- get -> -3/0 a:3`,
		"who looks waiting holds by now": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 2 &
			-@2 late
			a release u1 1 -> 1
			b await r2 -> acquired
			-@2 reduce c1 2 -> ok
			- get -> -2/1 a:1 b:2`,
		"who looks waiting holds by now, for a holder left": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 1 -> acquired
			c acquire r3 2 &
			-@2 late
			a close -> true
			c await r3 -> acquired
			-@2 reduce c1 2 -> ok
			- get -> -2/1 b:1 c:2`,
		"who looks second holds by now, for the first waiter left": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 3 &
			c acquire r3 1 &
			-@2 late
			b cancel r2 -> true
			c await r3 -> acquired
			-@2 reduce c1 3 -> ok
			- get -> -3/0 a:2 c:1`,
		"who looks waiting holds by now, for the limit rose": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 2 &
			-@2 late
			- increase c1 2 -> ok
			b await r2 -> acquired
			-@2 reduce c2 2 -> ok
			- get -> -2/1 a:1 b:2`,
		"the limit was lowered by now": `
			- init i1 5 -> true
			a acquire r1 3 -> acquired
			-@2 late
			- reduce c1 1 -> ok
			-@2 reduce c2 2 -> ok
			- get -> -1/2 a:3`,
		"who looks holding has left": `
			- init i1 3 -> true
			a acquire r1 3 -> acquired
			-@2 late
			a release u1 3 -> 3
			-@2 reduce c1 2 -> ok
			b acquire r2 1 -> acquired
			c acquire r3 1 &
			- get -> 0/1 b:1 | c:1`,
		"it looks out of range, is not; and the reverse": `
			- init i1 max -> true
			-@2 late
			- reduce c1 1 -> ok
			-@2 increase c2 1 -> ok
			- reduce c3 1 -> ok
			-@2 late
			- increase c4 1 -> ok
			-@2 increase c5 1 -> out of range
			- get -> 2147483647/2147483647`,
		"it is destroyed by now": `
			- init i1 3 -> true
			-@2 late
			- destroy -> true
			-@2 reduce c1 1 -> not initialized
			-@2 late
			- init i2 3 -> true
			-@2 increase c2 1 -> ok
			- get -> 4/4`,
	})
}

func TestStale_Drain(t *testing.T) {
	tell(t, map[string]string{
		"looks like more, is less": `
			- init i1 5 -> true
			a acquire r1 1 -> acquired
			-@2 late
			b acquire r2 3 -> acquired
			c@2 drain d1 -> 1
			- get -> 0/5 a:1 b:3 c:1`,
		"looks like less, is more": `
			- init i1 5 -> true
			a acquire r1 4 -> acquired
			-@2 late
			a release u1 2 -> 2
			b@2 drain d1 -> 3
			- get -> 0/5 a:2 b:3`,
		"looks like none, is some": `
			- init i1 5 -> true
			a acquire r1 5 -> acquired
			-@2 late
			a release u1 5 -> 5
			b@2 drain d1 -> 5`,
		"looks like some, is none": `
			- init i1 5 -> true
			-@2 late
			a acquire r1 5 -> acquired
			b@2 drain d1 -> 0`,
		"the limit was lowered by now": `
			- init i1 5 -> true
			a acquire r1 2 -> acquired
			-@2 late
			- reduce c1 1 -> ok
			b@2 drain d1 -> 2
			-@2 late
			b release ticket=d1 -> 2
			- reduce c2 3 -> ok
			b@2 drain d2 -> -1
			- get -> 0/2 a:2`,
		"somebody waits by now (S2)": `
			- init i1 5 -> true
			a acquire r1 1 -> acquired
			-@2 late
			b acquire r2 5 &
			c@2 drain d1 -> 0
			- get -> 4/5 a:1 | b:5`,
		"nobody waits any more": `
			- init i1 5 -> true
			a acquire r1 1 -> acquired
			b acquire r2 5 &
			-@2 late
			b cancel r2 -> true
			c@2 drain d1 -> 4`,
		"a negative one is not any more": `
			- init i1 5 -> true
			a acquire r1 4 -> acquired
			- reduce c1 3 -> ok
			-@2 late
			a release u1 3 -> 3
			b@2 drain d1 -> 1
			- get -> 0/2 a:1 b:1`,
		"a negative one is less so: nothing is added that was given back": `
			- init i1 5 -> true
			a acquire r1 4 -> acquired
			b acquire r2 1 &
			b await r2 -> acquired
			- reduce c1 4 -> ok
			-@2 late
			a release u1 1 -> 1
			b@2 drain d1 -> -3
			- get -> 0/4 a:3 b:1`,
		"a negative one with who looks waiting, and holds by now": `
			- init i1 4 -> true
			a acquire r1 3 -> acquired
			b acquire r2 2 &
			- reduce c1 2 -> ok
			-@2 late
			a release u1 3 -> 3
			b await r2 -> acquired
			c@2 drain d1 -> 0
			- get -> 0/2 b:2`,
		"a negative one with who looks waiting, and was admitted behind another": `
			- init i1 4 -> true
			a acquire r1 3 -> acquired
			- reduce c1 2 -> ok
			b acquire r2 2 &
			-@2 late
			- increase c2 3 -> ok
			b await r2 -> acquired
			- reduce c3 4 -> ok
			c@2 drain d1 -> -4
			- get -> 0/5 a:3 b:2`,
		"it is destroyed by now": `
			- init i1 3 -> true
			-@2 late
			- destroy -> true
			a@2 drain d1 -> not initialized
			-@2 late
			- init i2 3 -> true
			a@2 drain d2 -> 3`,
	})
}

func TestStale_InitDestroyGet(t *testing.T) {
	tell(t, map[string]string{
		"init: is initialized by now, is destroyed by now": `
			-@2 late
			- init i1 1 -> true
			-@2 init i2 2 -> false
			-@2 late
			- destroy -> true
			-@2 init i3 3 -> true
			- get -> 3/3`,
		"init: its own was destroyed by now": `
			- init i1 1 -> true
			-@2 late
			- destroy -> true
			-@2 init i1 1 -> true
			- get -> none`,
		"destroy: is not there any more, or by now": `
			- init i1 1 -> true
			-@2 late
			- destroy -> true
			-@2 destroy -> false
			-@2 late
			- init i2 1 -> true
			-@2 destroy -> true
			- get -> none`,
		"destroy: is another by now": `
			- init i1 1 -> true
			-@2 late
			- destroy -> true
			- init i2 1 -> true
			-@2 destroy -> true
			- get -> none`,
		"destroy: somebody came, and is told so": `
			- init i1 1 -> true
			-@2 late
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			-@2 destroy -> true
			b await r2 -> destroyed
			- init i2 1 -> true
			- get -> 1/1`,
		"a listing of the past": `
			- init i1 2 -> true
			a acquire r1 1 -> acquired
			-@2 late
			a release u1 1 -> 1
			b acquire r2 2 -> acquired
			-@2 get -> 0/2 b:2
			-@2 late
			- destroy -> true
			-@2 list ->`,
	})
}
