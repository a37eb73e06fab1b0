package semaphore_test

import "testing"

func TestChange_Story(t *testing.T) {
	tell(t, map[string]string{
		"increase(n), reduce(n): n >= 0": `
			- init i1 3 -> true
			- increase c1 2 -> ok
			- reduce c2 1 -> ok
			- increase c3 0 -> ok
			- reduce c4 0 -> ok
			- get -> 4/4`,
		"increase admits who waits": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 2 &
			c acquire r3 1 &
			-@2 increase c1 2 -> ok
			b await r2 -> acquired
			- get -> 0/3 a:1 b:2 | c:1`,
		"reduce never blocks and never takes back what is held (S3)": `
			- init i1 5 -> true
			a acquire r1 2 -> acquired
			b@2 acquire r2 3 -> acquired
			-@2 reduce c1 4 -> ok
			- get -> -4/1 a:2 b:3
			a release u1 1 -> 1
			- get -> -3/1 a:1 b:3
			b release u2 3 -> 3
			- get -> 0/1 a:1`,
		"availability may go negative, and nobody is admitted until it allows (S1)": `
			- init i1 4 -> true
			a acquire r1 3 -> acquired
			b acquire r2 1 -> acquired
			- reduce c1 3 -> ok
			c acquire r3 1 &
			d acquire r4 1 0s -> refused, -3
			a release u1 2 -> 2
			- get -> -1/1 a:1 b:1 | c:1
			b release u2 1 -> 1
			- get -> 0/1 a:1 | c:1
			a release u3 1 -> 1
			c await r3 -> acquired`,
		"reduce takes nothing back, whoever of those who hold leaves": `
			- init i1 6 -> true
			a acquire r1 2 -> acquired
			b acquire r2 2 -> acquired
			c acquire r3 2 -> acquired
			d acquire r4 1 &
			- reduce c1 5 -> ok
			a release ticket=r1 -> 2
			- get -> -3/1 b:2 c:2 | d:1
			- reduce c2 1 -> ok
			- get -> -4/0 b:2 c:2 | d:1
			- increase c3 4 -> ok
			- get -> 0/4 b:2 c:2 | d:1
			- reduce c4 2 -> ok
			c release ticket=r3 -> 2
			- get -> 0/2 b:2 | d:1
			b release u1 1 -> 1
			d await r4 -> acquired
			- get -> 0/2 b:1 d:1`,
		"reduce admits nobody": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 2 &
			- reduce c1 1 -> ok
			- reduce c2 0 -> ok
			- get -> 0/2 a:2 | b:2
			- increase c3 1 -> ok
			- get -> 1/3 a:2 | b:2
			- increase c4 1 -> ok
			b await r2 -> acquired`,
		"available: a linearizable number, may be negative": `
			- init i1 0 -> true
			- reduce c1 3 -> ok
			-@2 get -> -3/-3
			a acquire r1 1 &
			- increase c2 3 -> ok
			-@2 get -> 0/0 | a:1`,
		"the same without a session": `
			- init i1 2 sessionless -> true
			- reduce c1 5 -> ok
			-@2 get -> -3 sessionless
			- acquire r1 1 &
			- increase c2 3 -> ok
			- get -> 0 sessionless | -:1
			-@2 increase c3 1 -> ok
			- await r1 -> acquired
			- get -> 0 sessionless`,
		"a repeat counts once (S4)": `
			- init i1 3 -> true
			- increase c1 2 -> ok
			-@2 increase c1 2 attempt=1 -> ok
			- reduce c2 1 -> ok
			-@2 reduce c2 1 -> ok
			- get -> 4/4`,
	})
}

// "permits within int32": the documented answer, nothing changed.
func TestChange_Range(t *testing.T) {
	tell(t, map[string]string{
		"increase beyond": `
			- init i1 max -> true
			- increase c1 1 -> out of range
			-@2 increase c2 max -> out of range
			- get -> 2147483647/2147483647
			- reduce c3 1 -> ok
			- increase c4 1 -> ok
			a acquire r1 max -> acquired
			- increase c5 1 -> out of range
			- get -> 0/2147483647 a:2147483647`,
		"reduce beyond": `
			- init i1 0 -> true
			- reduce c1 max -> ok
			- reduce c2 1 -> ok
			-@2 reduce c3 1 -> out of range
			- get -> -2147483648/-2147483648
			- increase c4 max -> ok
			- get -> -1/-1`,
		"reduce below what may be available, though not below what may be": `
			- init i1 max -> true
			a acquire r1 max -> acquired
			- reduce c1 max -> ok
			- get -> -2147483647/0 a:2147483647
			- reduce c2 2 -> out of range
			- reduce c3 1 -> ok
			- get -> -2147483648/-1 a:2147483647
			b drain d1 -> -2147483648
			- get -> 0/2147483647 a:2147483647`,
		"without a session": `
			- init i1 max-1 sessionless -> true
			- increase c1 2 -> out of range
			- release u1 2 -> out of range
			- increase c2 1 -> ok
			- release u2 1 -> out of range
			- acquire r1 max 0s -> acquired
			- reduce c3 max -> ok
			- reduce c4 2 -> out of range
			- reduce c5 1 -> ok
			- get -> -2147483648 sessionless
			- drain d1 -> -2147483648
			- get -> 0 sessionless`,
		"waits for more than ever are": `
			- init i1 1 -> true
			a acquire r1 max &
			b acquire r2 max &
			c acquire r3 1 0s -> refused, 1
			- get -> 1/1 | a:2147483647 b:2147483647
			- increase c1 max-1 -> ok
			a await r1 -> acquired
			- get -> 0/2147483647 a:2147483647 | b:2147483647`,
		"of a retry it stays the answer (S4)": `
			- init i1 max -> true
			- increase c1 1 attempt=1 -> out of range
			- reduce c2 1 -> ok
			-@2 increase c1 1 attempt=2 -> out of range
			- get -> 2147483646/2147483646`,
	})
}
