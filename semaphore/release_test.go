package semaphore_test

import "testing"

func TestRelease_Story(t *testing.T) {
	tell(t, map[string]string{
		"permits belong to the session: any owner of it may release what any owner acquired": `
			- init i1 3 -> true
			a.x acquire r1 3 -> acquired
			a.y@2 release u1 2 -> 2
			- get -> 2/3 a:1
			a release u2 1 -> 1
			- get -> 3/3`,
		"in other portions too (acquire 3, release 1+2)": `
			- init i1 6 -> true
			a acquire r1 3 -> acquired
			a acquire r2 3 -> acquired
			a release u1 1 -> 1
			a release u2 2 -> 2
			- get -> 3/6 a:3
			a acquire r3 1 -> acquired
			a@2 release u3 4 -> 4
			- get -> 6/6`,
		"an owner's own permits go first": `
			- init i1 6 -> true
			a.x acquire r1 2 -> acquired
			a.y acquire r2 2 -> acquired
			a.x acquire r3 2 -> acquired
			a.y release u1 1 -> 1
			- keys -> memo/$a/semaphore/pool/u1 semaphore/pool semaphore/pool/$a.r1 semaphore/pool/$a.r2 semaphore/pool/$a.r3
			a.y release u2 1 -> 1
			- keys -> memo/$a/semaphore/pool/r2 memo/$a/semaphore/pool/u1 memo/$a/semaphore/pool/u2 semaphore/pool semaphore/pool/$a.r1 semaphore/pool/$a.r3
			a release ticket=r2 -> already released
			a release ticket=r1 -> 2
			a release ticket=r3 -> 2`,
		"then the oldest": `
			- init i1 6 -> true
			a.z acquire r2 2 -> acquired
			a.y acquire r1 2 -> acquired
			a.x acquire r3 1 -> acquired
			a.x release u1 4 -> 4
			a release ticket=r3 -> already released
			a release ticket=r2 -> already released
			a release ticket=r1 -> 1
			- get -> 6/6`,
		"more than the session holds: PERMITS_NOT_HELD, nothing released": `
			- init i1 9 -> true
			a.x acquire r1 2 -> acquired
			a.y acquire r2 1 -> acquired
			b acquire r3 4 -> acquired
			a release u1 4 -> not held
			c@2 release u2 1 -> not held
			- get -> 2/9 a:3 b:4
			a release u3 3 -> 3
			a release u4 1 -> not held
			- get -> 5/9 b:4`,
		"what waits is not held": `
			- init i1 2 -> true
			a acquire r1 1 -> acquired
			a acquire r2 2 &
			a release u1 2 -> not held
			a release ticket=r2 -> not held
			- get -> 1/2 a:1 | a:2
			a release u2 1 -> 1
			a await r2 -> acquired
			a release u3 2 -> 2`,
		"all that is left of one ticket": `
			- init i1 5 -> true
			a acquire r1 3 -> acquired
			a acquire r2 2 -> acquired
			a release u1 1 -> 1
			a@2 release ticket=r1 -> 2
			- get -> 3/5 a:2
			a release ticket=r1 -> already released
			a release ticket=r9 -> already released
			b release ticket=r2 -> already released
			- get -> 3/5 a:2`,
		"any owner of the session may release a ticket": `
			- init i1 3 -> true
			a.x acquire r1 3 -> acquired
			a.y release ticket=r1 -> 3
			- get -> 3/3`,
		"of a drain too": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			b drain d1 -> 2
			b release u1 1 -> 1
			b release ticket=d1 -> 1
			- get -> 2/3 a:1`,
		"a release lets in who waits, at once (S2)": `
			- init i1 3 -> true
			a acquire r1 3 -> acquired
			b acquire r2 2 &
			c acquire r3 1 &
			a@2 release u1 2 -> 2
			b await r2 -> acquired
			a release ticket=r1 -> 1
			c await r3 -> acquired`,
		"with a session no more permits come than there are to be": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			a release u1 1 -> 1
			a release u2 1 -> not held
			- get -> 1/1`,
	})
}
