package semaphore_test

import "testing"

func TestDrain_Story(t *testing.T) {
	tell(t, map[string]string{
		"takes all that is available, answers how many": `
			- init i1 5 -> true
			a acquire r1 2 -> acquired
			b@2 drain d1 -> 3
			- get -> 0/5 a:2 b:3
			a drain d2 -> 0
			b release ticket=d1 -> 3
			a drain d3 -> 3
			- get -> 0/5 a:5
			a release u1 5 -> 5
			- get -> 5/5`,
		"0 while anyone waits (S2)": `
			- init i1 5 -> true
			a acquire r1 2 -> acquired
			b acquire r2 4 &
			c drain d1 -> 0
			b@2 drain d2 -> 0
			- get -> 3/5 a:2 | b:4
			b cancel r2 -> true
			c drain d3 -> 3`,
		"a negative availability is answered and becomes 0, with nothing booked to the session": `
			- init i1 5 -> true
			a acquire r1 3 -> acquired
			- reduce c1 4 -> ok
			- get -> -2/1 a:3
			b@2 drain d1 -> -2
			- get -> 0/3 a:3
			b drain d2 -> 0
			b release u1 1 -> not held
			a release u2 3 -> 3
			- get -> 3/3
			- keys -> memo/$a/semaphore/pool/r1 memo/$a/semaphore/pool/u2 memo/$b/semaphore/pool/d1 memo/-/semaphore/pool/c1 semaphore/pool`,
		"also while somebody waits, who stays so": `
			- init i1 3 -> true
			a acquire r1 3 -> acquired
			b acquire r2 1 &
			- reduce c1 2 -> ok
			- get -> -2/1 a:3 | b:1
			c drain d1 -> -2
			- get -> 0/3 a:3 | b:1
			a release u1 1 -> 1
			b await r2 -> acquired`,
		"of what nobody holds": `
			- init i1 0 -> true
			a drain d1 -> 0
			- reduce c1 2 -> ok
			- get -> -2/-2
			a drain d2 -> -2
			- get -> 0/0
			- increase c2 1 -> ok
			a drain d3 -> 1
			- get -> 0/1 a:1`,
		"the next in line waits for what was drained": `
			- init i1 3 -> true
			a drain d1 -> 3
			b acquire r1 1 &
			a release u1 1 -> 1
			b await r1 -> acquired
			- get -> 0/3 a:2 b:1`,
		"what was drained comes back when the session ends (X1)": `
			- init i1 3 -> true
			a drain d1 -> 3
			b@2 acquire r1 2 &
			a close -> true
			b await r1 -> acquired`,
		"a repeat counts once (S4)": `
			- init i1 5 -> true
			a drain d1 -> 5
			a release u1 2 -> 2
			a@2 drain d1 attempt=1 -> 5
			a drain d1 attempt=2 -> 5
			- get -> 2/5 a:3
			a release ticket=d1 -> 3
			a drain d1 attempt=3 -> 5
			- get -> 5/5`,
		"a repeat of one that found nothing, or less, too": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b drain d1 attempt=1 -> 0
			- reduce c1 1 -> ok
			b drain d2 -> -1
			a release u1 1 -> 1
			b@2 drain d1 attempt=2 -> 0
			b drain d2 attempt=1 -> -1
			- get -> 1/1`,
	})
}
