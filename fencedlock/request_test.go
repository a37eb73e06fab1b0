package fencedlock_test

import "testing"

func TestLock_Cancel(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"the wait is gone at once (X2)": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c lock r3 &
			b@2 cancel r2 -> true
			b await r2 -> wait cancelled
			- line -> a f1 x1 | c f2
			a unlock u1 -> 0
			c await r3 -> held 1 f2`,
		"a hold that the request got is given back": `
			a lock r1 -> held 1 f1
			b lock r2 &
			a cancel r1 -> true
			b await r2 -> held 1 f2
			a unlock u1 -> not holder`,
		"of several holds, that one": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a lock r3 -> held 3 f1
			a@2 cancel r2 -> true
			- line -> a f1 x2
			a lock r3 -> held 2 f1
			a unlock u1 -> 1
			a unlock u2 -> 0
			- line -> free 0`,
		"nothing to cancel is no error": `
			a cancel r1 -> false
			a lock r2 -> held 1 f1
			a cancel r3 -> false
			b cancel r2 -> false
			a unlock u1 -> 0
			a cancel r2 -> false`,
		"twice": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b cancel r2 -> true
			b@2 cancel r2 -> false`,
		"a lock request that arrives after its cancel does nothing": `
			a cancel r1 -> false
			a lock r1 -> wait cancelled
			a@2 lock r1 attempt=1 -> wait cancelled
			- line -> free 0
			a lock r2 -> held 1 f1
			a cancel r3 -> false
			a lock r3 -> wait cancelled
			- line -> a f1 x1`,
		"and does not take over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b cancel r3 -> false
			b lock r3 -> wait cancelled
			- line -> a f1 x1 | b f2
			a unlock u1 -> 0
			b await r2 -> held 1 f2`,
		"a request that was taken over is over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b lock r3 &
			b cancel r2 -> false
			a unlock u1 -> 0
			b await r3 -> held 1 f2`,
		"a cancelled reentrant hold is not held again by its retry": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a cancel r2 -> true
			a lock r2 attempt=1 -> wait cancelled
			- line -> a f1 x1`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}

func TestLock_RepeatsCountOnce(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"a repeated lock answers the same and changes nothing": `
			a lock r1 -> held 1 f1
			a lock r1 -> held 1 f1
			a@2 lock r1 attempt=1 -> held 1 f1
			a lock r1 0s attempt=2 -> held 1 f1
			- line -> a f1 x1
			a unlock u1 -> 0
			- line -> free 0`,
		"also of a reentrant hold, after others were pushed": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a lock r3 -> held 3 f1
			a@2 lock r2 attempt=1 -> held 2 f1
			a lock r1 attempt=1 -> held 1 f1
			- line -> a f1 x3`,
		"and after it was popped": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a lock r3 -> held 3 f1
			a unlock u1 -> 2
			a unlock u2 -> 1
			a@2 lock r3 -> held 3 f1
			a@2 lock r2 attempt=1 -> held 2 f1
			- line -> a f1 x1
			a lock r4 -> held 2 f1
			a lock r3 -> held 3 f1
			- line -> a f1 x2`,
		"a repeated unlock answers the same and changes nothing": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a lock r3 -> held 3 f1
			a unlock u1 f1 -> 2
			a@2 unlock u1 f1 -> 2
			a unlock u1 -> 2
			a lock r4 -> held 3 f1
			a@2 unlock u1 f1 -> 2
			a unlock u2 -> 2
			a unlock u1 -> 2
			- line -> a f1 x2`,
		"a lock and an unlock may share a request id": `
			a lock x -> held 1 f1
			a lock y -> held 2 f1
			a unlock x -> 1
			a unlock x -> 1
			a lock y -> held 2 f1
			- line -> a f1 x1
			a unlock y -> 0`,
		"a repeat by another caller is another request": `
			a lock r1 -> held 1 f1
			b lock r1 0s -> refused, a f1
			a.x lock r1 0s -> refused, a f1`,
		"of a retried lock, an attempt that comes after the unlock does nothing (S4)": `
			a lock r1 attempt=1 -> held 1 f1
			a unlock u1 -> 0
			a lock r1 -> wait cancelled
			a@2 lock r1 attempt=2 -> wait cancelled
			- line -> free 0`,
		"also of a reentrant one": `
			a lock r1 -> held 1 f1
			a lock r2 attempt=1 -> held 2 f1
			a unlock u1 -> 1
			a unlock u2 -> 0
			a lock r2 -> wait cancelled
			- line -> free 0`,
		"of a retried lock that was refused, likewise": `
			a lock r1 -> held 1 f1
			b lock r2 0s attempt=1 -> refused, a f1
			a unlock u1 -> 0
			b lock r2 -> refused, nobody
			b@2 lock r2 0s attempt=2 -> refused, nobody
			- line -> free 0`,
		"of a retried lock that gave up, likewise": `
			a lock r1 -> held 1 f1
			b lock r2 10ms attempt=1 -> refused, a f1 at 1
			a unlock u1 -> 0
			b@2 lock r2 -> refused, nobody
			- line -> free 0`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}

// What is left in etcd of calls that are over, besides sessions and gateways: nothing of most. A memo, on the session's
// lease, where a late attempt must learn that its request is over, and where a hold was taken by force.
func TestRequest_WhatIsLeftOfIt(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"nothing": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			b lock r3 0s -> refused, a f1
			b lock r4 10ms -> refused, a f1 at 1
			a unlock u1 -> 1
			a unlock u2 f1 -> 0
			a unlock u2 f1 -> already released
			b unlock u3 -> not holder
			- force -> nobody
			- keys ->`,
		"of a cancel": `
			a cancel r1 -> false
			- keys -> memo/$a/lock/orders/r1`,
		"of a wait that was taken over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b lock r3 0s -> refused, a f1
			a unlock u1 -> 0
			- keys -> memo/$b/lock/orders/r2`,
		"of a retried lock that was unlocked": `
			a lock r1 attempt=1 -> held 1 f1
			a unlock u1 -> 0
			- keys -> memo/$a/lock/orders/r1`,
		"of a retried lock that was refused": `
			a lock r1 -> held 1 f1
			b lock r2 0s attempt=1 -> refused, a f1
			a unlock u1 -> 0
			- keys -> memo/$b/lock/orders/r2`,
		"of a hold that was taken by force": `
			a lock r1 -> held 1 f1
			- force -> a f1
			- keys -> memo/$a/forced/orders/f1`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}
