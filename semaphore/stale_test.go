package semaphore_test

import "testing"

// Each decision is taken on a view of the past, which etcd then has moved on from: "a late look costs a second try and
// never a wrong answer". A no is concluded only after a barrier (X3).
func TestStale_Acquire(t *testing.T) {
	tell(t, map[string]string{
		"looks full, is not": `
			- init i1 2 -> true
			a acquire r1 2 -> acquired
			-@2 late
			a release u1 1 -> 1
			b@2 acquire r2 1 0s -> acquired
			- get -> 0/2 a:1 b:1`,
		"looks free, is full": `
			- init i1 2 -> true
			-@2 late
			a acquire r1 2 -> acquired
			b@2 acquire r2 1 0s -> refused, 0
			- get -> 0/2 a:2`,
		"looks free, and somebody waits: a try does not overtake (S2)": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			-@2 late
			b acquire r2 3 &
			c@2 acquire r3 1 0s -> refused, 2
			- get -> 2/3 a:1 | b:3`,
		"looks waited for, is not": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			b acquire r2 3 &
			-@2 late
			b cancel r2 -> true
			c@2 acquire r3 2 0s -> acquired`,
		"looks free, and the limit is lower by now (S1)": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			-@2 late
			- reduce c1 1 -> ok
			b@2 acquire r2 1 0s -> refused, 0
			-@2 late
			- increase c2 1 -> ok
			b@2 acquire r3 1 0s -> acquired`,
		"a request that waits, and looks as if it need not": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			-@2 late
			b acquire r2 2 -> acquired
			c@2 acquire r3 2 &
			- get -> 0/3 a:1 b:2 | c:2`,
		"a refusal of a time-out tells of now": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			-@2 late
			a release u1 1 -> 1
			c acquire r2 1 -> acquired
			b@2 acquire r3 1 10ms -> refused, 0 at 1`,
		"is initialized by now": `
			-@2 late
			- init i1 1 -> true
			a@2 acquire r1 1 0s -> acquired
			-@2 late
			- destroy -> true
			- init i2 1 sessionless -> true
			a@2 acquire r2 1 0s -> is sessionless`,
		"is destroyed by now, and another": `
			- init i1 2 -> true
			-@2 late
			- destroy -> true
			a@2 acquire r1 1 0s -> refused, 0
			- init i2 1 -> true
			-@2 late
			- destroy -> true
			- init i3 5 -> true
			a@2 acquire r2 5 0s -> acquired
			- get -> 0/5 a:5`,
		"a retry of what waits, and holds by now": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			-@2 late
			a release u1 1 -> 1
			b await r2 -> acquired
			b@2 acquire r2 1 attempt=1 -> acquired
			- get -> 0/1 b:1`,
		"a retry of what waits, and is cancelled by now": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			-@2 late
			b cancel r2 -> true
			b await r2 -> wait cancelled
			b@2 acquire r2 1 attempt=1 -> wait cancelled
			- get -> 0/1 a:1`,
		"an attempt that arrives after its cancel": `
			- init i1 3 -> true
			-@2 late
			a cancel r1 -> false
			a@2 acquire r1 1 -> wait cancelled
			-@2 late
			a cancel r2 -> false
			a@2 acquire r2 1 0s -> wait cancelled
			- get -> 3/3`,
		"looks like the first time, is a repeat": `
			- init i1 3 -> true
			-@2 late
			a acquire r1 2 -> acquired
			a@2 acquire r1 2 attempt=1 -> acquired
			-@2 late
			a release u1 2 -> 2
			a@2 acquire r1 2 attempt=2 -> acquired
			- get -> 3/3`,
		"the session is closed, and looks alive": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			-@2 late
			a close -> true
			a@2 acquire r2 1 -> expired
			-@2 late
			b close -> true
			b@2 acquire r3 1 0s -> expired
			- get -> 1/1`,
		"the session is new, and not seen yet": `
			- init i1 1 -> true
			-@2 late
			new acquire r1 1 -> acquired
			new@2 release u1 1 -> 1`,
	})
}

func TestStale_GivingBack(t *testing.T) {
	tell(t, map[string]string{
		"looks not held, is": `
			- init i1 3 -> true
			-@2 late
			a acquire r1 2 -> acquired
			a@2 release u1 2 -> 2
			-@2 late
			a acquire r2 1 -> acquired
			a@2 release ticket=r2 -> 1
			- get -> 3/3`,
		"looks like less, is more": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			-@2 late
			a acquire r2 2 -> acquired
			a@2 release u1 3 -> 3
			- get -> 3/3`,
		"an owner's own go first, though not seen yet": `
			- init i1 5 -> true
			a.x acquire r1 2 -> acquired
			-@2 late
			a.y acquire r2 2 -> acquired
			a.y@2 release u1 2 -> 2
			a release ticket=r1 -> 2
			a release ticket=r2 -> already released`,
		"the oldest goes first, though it looks waiting": `
			- init i1 3 -> true
			b acquire r1 2 -> acquired
			a.x acquire r2 2 &
			a.x acquire r3 1 &
			-@2 late
			b release u1 2 -> 2
			a await r2 -> acquired
			a await r3 -> acquired
			a.z@2 release u2 2 -> 2
			a release ticket=r2 -> already released
			a release ticket=r3 -> 1`,
		"looks like more, is less": `
			- init i1 3 -> true
			a acquire r1 3 -> acquired
			-@2 late
			a release u1 2 -> 2
			a@2 release u2 2 -> not held
			-@2 late
			a release u3 1 -> 1
			a@2 release ticket=r1 -> already released
			- get -> 3/3`,
		"a part was given back by now": `
			- init i1 5 -> true
			a acquire r1 4 -> acquired
			-@2 late
			a release u1 1 -> 1
			a@2 release u2 2 -> 2
			-@2 late
			a release u3 1 -> 1
			a@2 release ticket=r1 -> already released
			- get -> 5/5`,
		"looks waiting, holds": `
			- init i1 2 -> true
			a acquire r1 2 -> acquired
			b acquire r2 2 &
			-@2 late
			a release u1 2 -> 2
			b await r2 -> acquired
			b@2 release ticket=r2 -> 2
			a acquire r3 2 -> acquired
			b acquire r4 2 &
			-@2 late
			a release u2 2 -> 2
			b await r4 -> acquired
			b@2 release u3 2 -> 2
			- get -> 2/2`,
		"a repeat that looks like the first time": `
			- init i1 5 -> true
			a acquire r1 4 -> acquired
			-@2 late
			a release u1 1 -> 1
			a@2 release u1 1 attempt=1 -> 1
			- get -> 2/5 a:3`,
		"cancel: looks like nothing, waits or holds": `
			- init i1 1 -> true
			-@2 late
			a acquire r1 1 -> acquired
			a@2 cancel r1 -> true
			b acquire r2 1 -> acquired
			-@2 late
			a acquire r3 1 &
			a@2 cancel r3 -> true
			a await r3 -> wait cancelled
			- get -> 0/1 b:1`,
		"cancel: is over by now": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			-@2 late
			a cancel r1 -> true
			a@2 cancel r1 -> false`,
		"the session is closed, and looks alive": `
			- init i1 3 -> true
			a acquire r1 1 -> acquired
			-@2 late
			a close -> true
			a@2 release u1 1 -> expired
			b drain d1 -> 3
			-@2 late
			b close -> true
			b@2 release ticket=d1 -> expired
			-@2 late
			c close -> true
			c@2 cancel r2 -> expired
			- get -> 3/3`,
	})
}

func TestStale_Sessionless(t *testing.T) {
	tell(t, map[string]string{
		"looks empty, is not": `
			- init i1 0 sessionless -> true
			-@2 late
			- release u1 1 -> 1
			-@2 acquire r1 1 0s -> acquired`,
		"looks free, is empty": `
			- init i1 1 sessionless -> true
			-@2 late
			- acquire r1 1 -> acquired
			-@2 acquire r2 1 0s -> refused, 0`,
		"looks free, and somebody waits (S2)": `
			- init i1 1 sessionless -> true
			-@2 late
			- acquire r1 2 &
			-@2 acquire r2 1 0s -> refused, 1
			- get -> 1 sessionless | -:2`,
		"a release on a view of the past": `
			- init i1 0 sessionless -> true
			-@2 late
			- release u1 1 -> 1
			-@2 release u2 2 -> 2
			- get -> 3 sessionless`,
		"a repeat that looks like the first time": `
			- init i1 3 sessionless -> true
			-@2 late
			- acquire r1 1 -> acquired
			-@2 acquire r1 1 attempt=1 -> acquired
			-@2 late
			- release u1 2 -> 2
			-@2 release u1 2 attempt=1 -> 2
			-@2 late
			- drain d1 -> 4
			-@2 drain d1 attempt=1 -> 4
			-@2 late
			- increase c1 1 -> ok
			-@2 increase c1 1 attempt=1 -> ok
			- get -> 1 sessionless`,
		"drain and reduce of what is not there any more": `
			- init i1 3 sessionless -> true
			-@2 late
			- acquire r1 2 -> acquired
			-@2 drain d1 -> 1
			- release u1 3 -> 3
			-@2 late
			- acquire r2 1 -> acquired
			-@2 reduce c1 3 -> ok
			- get -> -1 sessionless`,
		"an attempt that arrives after its cancel": `
			- init i1 1 sessionless -> true
			-@2 late
			- cancel r1 -> false
			-@2 acquire r1 1 -> wait cancelled
			-@2 late
			- acquire r2 1 -> acquired
			-@2 cancel r2 -> true
			- get -> 1 sessionless`,
		"is of the other kind by now": `
			- init i1 1 sessionless -> true
			-@2 late
			- destroy -> true
			- init i2 1 -> true
			-@2 acquire r1 1 -> is session-aware
			-@2 late
			- destroy -> true
			- init i3 1 sessionless -> true
			-@2 release u1 1 -> 1
			- get -> 2 sessionless`,
	})
}
