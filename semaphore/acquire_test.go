package semaphore_test

import "testing"

func TestAcquire_Story(t *testing.T) {
	tell(t, map[string]string{
		"acquire(p=1, timeout?): p >= 1": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			b@2 acquire r2 2 -> acquired
			- get -> 0/3 a:1 b:2`,
		"strictly first come, first served": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			c@2 acquire r3 1 &
			d acquire r4 1 &
			- get -> 0/1 a:1 | b:1 c:1 d:1
			a release u1 1 -> 1
			b await r2 -> acquired
			b@2 release u2 1 -> 1
			c await r3 -> acquired
			- get -> 0/1 c:1 | d:1`,
		"a large request is not starved: it is not overtaken (S2)": `
			- init i1 4 -> true
			a acquire r1 2 -> acquired
			b acquire r2 4 &
			c@2 acquire r3 1 &
			d acquire r4 2 &
			- get -> 2/4 a:2 | b:4 c:1 d:2
			a release u1 1 -> 1
			- get -> 3/4 a:1 | b:4 c:1 d:2
			a release u2 1 -> 1
			b await r2 -> acquired
			- get -> 0/4 b:4 | c:1 d:2
			b release u3 4 -> 4
			c await r3 -> acquired
			d await r4 -> acquired`,
		"a try that would have to overtake a waiter is refused even if its permits would fit": `
			- init i1 4 -> true
			a acquire r1 2 -> acquired
			b acquire r2 3 &
			c acquire r3 1 0s -> refused, 2
			c@2 acquire r4 1 0s -> refused, 2
			c@2 acquire r5 1 10ms -> refused, 2 at 2
			b cancel r2 -> true
			c@2 acquire r6 1 0s -> acquired`,
		"a request larger than the limit waits (the limit may be raised)": `
			- init i1 2 -> true
			a acquire r1 5 &
			b acquire r2 1 &
			- get -> 2/2 | a:5 b:1
			- increase c1 2 -> ok
			- get -> 4/4 | a:5 b:1
			-@2 increase c2 2 -> ok
			a await r1 -> acquired
			b await r2 -> acquired
			- get -> 0/6 a:5 b:1`,
		"an empty seat lets in as many as fit, in order": `
			- init i1 5 -> true
			a acquire r1 5 -> acquired
			b acquire r2 2 &
			c acquire r3 2 &
			d acquire r4 2 &
			e acquire r5 1 &
			a release ticket=r1 -> 5
			b await r2 -> acquired
			c await r3 -> acquired
			- get -> 1/5 b:2 c:2 | d:2 e:1`,
		"who leaves the line lets in who stood behind": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 2 &
			c acquire r3 1 &
			b cancel r2 -> true
			b await r2 -> wait cancelled
			c await r3 -> acquired
			- get -> 0/3 a:2 c:1`,
		"one owner may wait more than once": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			a acquire r2 1 &
			a.x acquire r3 1 &
			a acquire r4 1 &
			- get -> 0/1 a:1 | a:1 a.x:1 a:1
			a release u1 1 -> 1
			a await r2 -> acquired
			a release u2 1 -> 1
			a.x await r3 -> acquired`,
		"a refusal tells how many are available, and when it waited its last place": `
			- init i1 5 -> true
			a acquire r1 3 -> acquired
			b acquire r2 3 0s -> refused, 2
			b acquire r3 3 10ms -> refused, 2 at 1
			c acquire r4 4 &
			b@2 acquire r5 3 10ms -> refused, 2 at 2
			- reduce c1 4 -> ok
			b acquire r6 1 0s -> refused, -2
			- get -> -2/1 a:3 | c:4`,
		"what nobody holds or waits for occupies nothing": `
			- init i1 2 -> true
			a acquire r1 2 -> acquired
			b acquire r2 1 &
			c acquire r3 1 0s -> refused, 0
			c acquire r4 1 5ms -> refused, 0 at 2
			a release ticket=r1 -> 2
			b await r2 -> acquired
			b release ticket=r2 -> 1
			- keys -> semaphore/pool
			- get -> 2/2`,
	})
}

// "The seed's numbers".
func TestAcquire_SeedNumbers(t *testing.T) {
	tell(t, map[string]string{
		"acquire(3) then release(1), release(2)": `
			- init i1 3 -> true
			a acquire r1 3 -> acquired
			b acquire r2 1 &
			a release u1 1 -> 1
			b await r2 -> acquired
			- get -> 0/3 a:2 b:1
			a release u2 2 -> 2
			- get -> 2/3 b:1`,
		"init twice -> false": `
			- init i1 3 -> true
			- init i2 3 -> false`,
		"try with 5 s": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b@2 acquire r2 1 5s &
			a release u1 1 -> 1
			b await r2 -> acquired`,
		"a pool of 10 permits with batches": `
			- init i1 10 -> true
			a acquire r1 4 -> acquired
			b@2 acquire r2 4 -> acquired
			c acquire r3 4 &
			d@2 acquire r4 2 &
			- get -> 2/10 a:4 b:4 | c:4 d:2
			a release ticket=r1 -> 4
			c await r3 -> acquired
			d await r4 -> acquired
			- get -> 0/10 b:4 c:4 d:2`,
		"a rate limiter: refill of 100 less what is available, without sessions": `
			- init i1 100 sessionless -> true
			- acquire r1 60 0s -> acquired
			-@2 acquire r2 40 0s -> acquired
			- acquire r3 1 0s -> refused, 0
			-@2 release u1 100 -> 100
			- acquire r4 1 0s -> acquired
			- get -> 99 sessionless`,
	})
}
