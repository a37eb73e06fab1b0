package fencedlock_test

import (
	"testing"
)

// Each decision is taken on a view of the past, which etcd then has moved on from: "a late look costs a second try
// and never a wrong answer". Absence and zero are concluded only after a barrier (X3).
func TestStale_AnswersAreOfTheMomentOfTheCall(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"looks free, is held": `
			-@2 late
			a lock r1 -> held 1 f1
			b@2 lock r2 0s -> refused, a f1
			-@2 late
			a unlock u1 -> 0
			c lock r3 -> held 1 f2
			-@2 late
			b@2 lock r4 10ms -> refused, c f2 at 1`,
		"looks free, and others wait": `
			-@2 late
			a lock r1 -> held 1 f1
			b lock r2 &
			c@2 lock r3 &
			- line -> a f1 x1 | b f2 | c f3`,
		"looks held, is free": `
			a lock r1 -> held 1 f1
			-@2 late
			a unlock u1 -> 0
			b@2 lock r2 0s -> held 1 f2`,
		"looks held by the caller, is another's": `
			a lock r1 -> held 1 f1
			-@2 late
			a unlock u1 -> 0
			b lock r2 -> held 1 f2
			a@2 lock r3 0s -> refused, b f2`,
		"looks held by the caller, is free": `
			a lock r1 -> held 1 f1
			-@2 late
			a unlock u1 -> 0
			a@2 lock r2 -> held 1 f2`,
		"looks held once, is held twice": `
			a lock r1 -> held 1 f1
			-@2 late
			a lock r2 -> held 2 f1
			a@2 lock r3 -> held 3 f1
			-@2 late
			a unlock u1 -> 2
			a@2 unlock u2 -> 1
			-@2 late
			a lock r4 -> held 2 f1
			a@2 unlock u3 -> 1`,
		"looks at the limit, is not; and the reverse": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a lock r3 -> held 3 f1
			-@2 late
			a unlock u1 -> 2
			a@2 lock r4 -> held 3 f1
			a unlock u2 -> 2
			-@2 late
			a lock r5 -> held 3 f1
			a@2 lock r6 -> limit 3 f1`,
		"looks like the first time, is a repeat": `
			-@2 late
			a lock r1 -> held 1 f1
			a@2 lock r1 attempt=1 -> held 1 f1
			-@2 late
			a lock r2 -> held 2 f1
			a@2 lock r2 -> held 2 f1
			-@2 late
			a unlock u1 -> 1
			a@2 unlock u1 -> 1
			-@2 late
			a lock r3 -> held 2 f1
			a unlock u2 -> 1
			a@2 lock r3 -> held 2 f1
			- line -> a f1 x1`,
		"looks held, the unlock is a repeat": `
			a lock r1 -> held 1 f1
			-@2 late
			a unlock u1 f1 -> 0
			a@2 unlock u1 f1 -> already released
			a lock r2 -> held 1 f2
			-@2 late
			a unlock u2 -> 0
			a@2 unlock u3 -> not holder`,
		"looks like no holder, is one": `
			-@2 late
			a lock r1 -> held 1 f1
			a@2 unlock u1 -> 0
			-@2 late
			a lock r2 -> held 1 f2
			a@2 unlock u2 f2 -> 0
			a lock r3 -> held 1 f3
			-@2 late
			a unlock u3 -> 0
			a lock r4 -> held 1 f4
			a@2 unlock u4 f4 -> 0`,
		"looks like a waiter, is the holder": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			b@2 unlock u2 -> 0
			a lock r3 -> held 1 f3
			b lock r4 &
			-@2 late
			a unlock u3 -> 0
			b await r4 -> held 1 f4
			b@2 lock r5 -> held 2 f4`,
		"looks like an older wait, has been told that it holds: not taken over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			b@2 lock r3 0s -> held 2 f2
			b unlock u2 -> 1
			b unlock u3 -> 0`,
		"looks like an older wait, is cancelled": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			b cancel r2 -> true
			b await r2 -> wait cancelled
			b@2 lock r3 0s -> refused, a f1
			- line -> a f1 x1`,
		"looks like an older wait, is taken over already": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			b lock r3 &
			b await r2 -> wait cancelled
			b@2 lock r4 &
			b await r3 -> wait cancelled
			- line -> a f1 x1 | b f2`,
		"a retry of what waits, and holds by now": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			b@2 lock r2 attempt=1 -> held 1 f2
			- line -> b f2 x1`,
		"a retry of what waits, and is cancelled by now": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			b cancel r2 -> true
			b@2 lock r2 attempt=1 -> wait cancelled
			- line -> a f1 x1`,
		"a lock request that arrives after its cancel does nothing": `
			a lock r1 -> held 1 f1
			-@2 late
			a cancel r2 -> false
			a@2 lock r2 -> wait cancelled
			b lock r3 &
			-@2 late
			b cancel r4 -> false
			b@2 lock r4 -> wait cancelled
			-@2 late
			b cancel r5 -> false
			b@2 lock r5 0s -> wait cancelled
			-@2 late
			c cancel r6 -> false
			c@2 lock r6 -> wait cancelled
			- line -> a f1 x1 | b f2
			a unlock u1 -> 0
			b await r3 -> held 1 f2`,
		"a late attempt, when the later one has given up by now": `
			a lock r1 -> held 1 f1
			b lock r2 20ms & attempt=1
			-@2 late
			b await r2 -> refused, a f1 at 1
			b@2 lock r2 -> refused, a f1`,
		"a cancel of what was not there": `
			a lock r1 -> held 1 f1
			-@2 late
			b lock r2 &
			b@2 cancel r2 -> true
			b await r2 -> wait cancelled
			-@2 late
			a lock r3 -> held 2 f1
			a@2 cancel r3 -> true
			-@2 late
			a cancel r1 -> true
			a@2 cancel r1 -> false
			- line -> free 0`,
		"a cancel of what was still waiting": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			b@2 cancel r2 -> true
			- line -> free 0`,
		"a cancel of what was taken over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			b lock r3 &
			b@2 cancel r2 -> false
			- line -> a f1 x1 | b f2`,
		"force: looks held by another, looks free, looks held": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			-@2 force f1 -> nobody
			-@2 late
			b unlock u2 -> 0
			-@2 force f2 -> nobody
			-@2 late
			a lock r3 -> held 1 f3
			-@2 force f3 -> a f3
			b lock r4 -> held 1 f4
			-@2 late
			b unlock u4 -> 0
			c lock r5 -> held 1 f5
			-@2 force -> c f5
			b lock r6 -> held 1 f6
			-@2 late
			b lock r7 -> held 2 f6
			-@2 force f6 -> b f6`,
		"forced, and looks held": `
			a lock r1 -> held 1 f1
			-@2 late
			- force -> a f1
			a@2 unlock u1 f1 -> ownership lost
			a lock r2 -> held 1 f2
			-@2 late
			- force -> a f2
			a@2 unlock u2 -> ownership lost`,
		"the session is closed, and looks alive": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			b close -> true
			b await r2 -> expired
			b@2 lock r3 -> expired
			-@2 late
			a close -> true
			a@2 lock r4 -> expired
			a@2 unlock u1 f1 -> expired
			c lock r5 -> held 1 f2
			-@2 late
			c close -> true
			c@2 unlock u2 -> expired
			d lock r6 -> held 1 f3
			-@2 late
			d close -> true
			d@2 cancel r6 -> expired
			d@2 close -> false
			e lock r7 -> held 1 f4
			e unlock u3 f4 -> 0
			-@2 late
			e close -> true
			e@2 unlock u3 f4 -> expired`,
		"the session is new, and not seen yet": `
			x close -> true
			-@2 late
			a lock r1 -> held 1 f1
			a@2 lock r2 -> held 2 f1`,
		"the session's marker is deleted, and looks there": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 late
			- del session/$b
			b await r2 -> expired
			b@2 lock r3 -> expired
			-@2 late
			- del session/$a
			a@2 lock r4 -> expired
			-@2 late
			- force -> a f1
			c lock r5 -> held 1 f2
			- del session/$c
			c@2 unlock u1 -> expired
			- force -> c f2
			d cancel r6 -> false
			-@2 late
			- del session/$d
			d@2 lock r7 -> expired
			- del memo/$d/lock/orders/r6
			- line -> free 0`,
		"a listing of the past": `
			a lock r1 -> held 1 f1
			-@2 late
			a unlock u1 -> 0
			b lock r2 -> held 1 f2
			-@2 line -> b f2 x1`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "3", text)
		})
	}
}
