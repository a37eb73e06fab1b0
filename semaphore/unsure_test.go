package semaphore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
)

var unsureAcquires = map[string]string{
	"acquire": `
		- init i1 2 -> true
		-@2 lose FATE
		a@2 acquire r1 2 -> acquired
		a release ticket=r1 -> 2
		-@2 settle
		- get -> 2/2`,
	"acquire, given back by its number": `
		- init i1 2 -> true
		-@2 lose FATE
		a@2 acquire r1 2 -> acquired
		a release u1 2 -> 2
		-@2 settle
		- get -> 2/2`,
	"wait": `
		- init i1 2 -> true
		a acquire r1 1 -> acquired
		-@2 lose FATE
		b@2 acquire r2 2 &
		a release u1 1 -> 1
		b await r2 -> acquired
		b release ticket=r2 -> 2
		-@2 settle
		- get -> 2/2`,
	"try": `
		- init i1 2 -> true
		-@2 lose FATE
		a@2 acquire r1 2 0s -> acquired
		a release ticket=r1 -> 2
		-@2 settle
		- get -> 2/2`,
	"a wait that gives up": `
		- init i1 1 -> true
		a acquire r1 1 -> acquired
		-@2 lose answered FATE
		b@2 acquire r2 1 10ms -> refused, 0 at 1
		-@2 settle
		- get -> 0/1 a:1`,
	"retry of what waits": `
		- init i1 1 -> true
		a acquire r1 1 -> acquired
		b acquire r2 1 &
		c acquire r3 1 &
		-@2 lose FATE
		b@2 acquire r2 1 & attempt=1
		b await r2#0 -> wait cancelled
		a release u1 1 -> 1
		b await r2 -> acquired
		-@2 settle
		- get -> 0/1 b:1 | c:1`,
	"retry of what holds": `
		- init i1 3 -> true
		a acquire r1 1 -> acquired
		-@2 lose FATE
		a@2 acquire r1 1 attempt=1 -> acquired
		a release u1 1 -> 1
		-@2 settle
		- get -> 3/3`,
	"cancel": `
		- init i1 2 -> true
		a acquire r1 1 -> acquired
		b acquire r2 2 &
		-@2 lose FATE
		b@2 cancel r2 -> true
		b await r2 -> wait cancelled
		-@2 lose FATE
		a@2 cancel r1 -> true
		-@2 lose FATE
		a@2 cancel r3 -> false
		-@2 settle
		- get -> 2/2`,
}

var unsureReleases = map[string]string{
	"release by ticket": `
		- init i1 5 -> true
		a acquire r1 3 -> acquired
		a acquire r2 1 -> acquired
		-@2 lose FATE
		a@2 release ticket=r1 -> 3
		-@2 settle
		- get -> 4/5 a:1`,
	"release by number": `
		- init i1 5 -> true
		a acquire r1 3 -> acquired
		b acquire r2 3 &
		-@2 lose FATE
		a@2 release u1 2 -> 2
		b await r2 -> acquired
		-@2 settle
		- get -> 1/5 a:1 b:3`,
	"release of all by number": `
		- init i1 5 -> true
		a acquire r1 3 -> acquired
		a acquire r2 2 -> acquired
		-@2 lose FATE
		a@2 release u1 5 -> 5
		a acquire r3 1 -> acquired
		-@2 settle
		- get -> 4/5 a:1`,
	"release of more than is held": `
		- init i1 5 -> true
		a acquire r1 1 -> acquired
		-@2 lose FATE
		a@2 release u1 2 attempt=1 -> not held
		a acquire r2 1 -> acquired
		-@2 settle
		a release u1 2 -> not held
		- get -> 3/5 a:2`,
	"drain": `
		- init i1 5 -> true
		a acquire r1 2 -> acquired
		-@2 lose FATE
		b@2 drain d1 -> 3
		b release u1 1 -> 1
		b release ticket=d1 -> 2
		-@2 settle
		- get -> 3/5 a:2`,
	"drain of less than nothing": `
		- init i1 0 -> true
		- reduce c1 2 -> ok
		-@2 lose FATE
		a@2 drain d1 -> -2
		- reduce c2 3 -> ok
		-@2 settle
		- get -> -3/-3`,
	"increase": `
		- init i1 1 -> true
		a acquire r1 2 &
		-@2 lose FATE
		-@2 increase c1 1 -> ok
		a await r1 -> acquired
		-@2 settle
		- get -> 0/2 a:2`,
	"reduce": `
		- init i1 5 -> true
		a acquire r1 2 -> acquired
		b acquire r2 4 &
		-@2 lose FATE
		-@2 reduce c1 4 -> ok
		-@2 settle
		- get -> -1/1 a:2 | b:4`,
	"init": `
		-@2 lose FATE
		-@2 init i1 1 -> true
		- destroy -> true
		-@2 settle
		- get -> none
		- init i2 2 -> true`,
	"destroy": `
		- init i1 1 -> true
		a acquire r1 1 -> acquired
		b acquire r2 1 &
		-@2 lose FATE
		-@2 destroy -> true
		b await r2 -> destroyed
		- init i2 2 -> true
		-@2 settle
		- get -> 2/2`,
}

var unsureSessionless = map[string]string{
	"acquire without a session": `
		- init i1 3 sessionless -> true
		-@2 lose FATE
		-@2 acquire r1 2 -> acquired
		-@2 settle
		- acquire r1 2 attempt=1 -> acquired
		- get -> 1 sessionless`,
	"wait without a session": `
		- init i1 0 sessionless -> true
		-@2 lose FATE
		-@2 acquire r1 2 &
		- release u1 3 -> 3
		-@2 await r1 -> acquired
		-@2 settle
		- get -> 1 sessionless`,
	"taking what was waited for": `
		- init i1 0 sessionless -> true
		-@2 lose answered FATE
		-@2 acquire r1 2 &
		-@2 acquire r2 1 &
		- release u1 4 -> 4
		- await r1 -> acquired
		- await r2 -> acquired
		-@2 settle
		- get -> 1 sessionless`,
	"a wait that gives up, without a session": `
		- init i1 1 sessionless -> true
		-@2 lose answered FATE
		-@2 acquire r1 2 10ms -> refused, 1 at 1
		-@2 settle
		- get -> 1 sessionless`,
	"retry of what was taken": `
		- init i1 3 sessionless -> true
		- acquire r1 2 -> acquired
		-@2 lose FATE
		-@2 acquire r1 2 attempt=1 -> acquired
		-@2 settle
		- get -> 1 sessionless`,
	"release without a session": `
		- init i1 0 sessionless -> true
		-@2 lose FATE
		-@2 release u1 2 -> 2
		-@2 settle
		- release u1 2 attempt=1 -> 2
		- get -> 2 sessionless`,
	"drain without a session": `
		- init i1 3 sessionless -> true
		-@2 lose FATE
		-@2 drain d1 -> 3
		- release u1 1 -> 1
		-@2 settle
		- drain d1 attempt=1 -> 3
		- get -> 1 sessionless`,
	"reduce without a session": `
		- init i1 3 sessionless -> true
		-@2 lose FATE
		-@2 reduce c1 2 -> ok
		-@2 settle
		- reduce c1 2 attempt=1 -> ok
		- get -> 1 sessionless`,
	"cancel without a session": `
		- init i1 3 sessionless -> true
		- acquire r1 2 -> acquired
		- acquire r2 2 &
		-@2 lose FATE
		-@2 cancel r2 -> true
		- await r2 -> wait cancelled
		-@2 lose FATE
		-@2 cancel r1 -> true
		-@2 lose FATE
		-@2 cancel r3 -> false
		-@2 settle
		- get -> 3 sessionless`,
	"not initialized": `
		-@2 lose FATE
		-@2 release u1 1 attempt=1 -> not initialized
		-@2 settle
		- init i1 1 sessionless -> true
		- release u1 1 -> not initialized
		- get -> 1 sessionless`,
}

// Outcomes get lost: the transaction was committed, or never, or comes late. What is answered in the end is true, is
// done once, and nothing stays that nobody was told of (S4, X2).
func TestUnsure_LostOutcomesAreSeenThrough(t *testing.T) {
	fates := []string{"lost", "unsent", "overdue", "unsent overdue", "overdue lost", "lost lost", "stuck", "stuck stuck"}
	all := map[string]string{}
	for _, stories := range []map[string]string{unsureAcquires, unsureReleases, unsureSessionless} {
		for says, text := range stories {
			for _, f := range fates {
				all[says+": "+f] = strings.ReplaceAll(text, "FATE", f)
			}
		}
	}
	tell(t, all)
}

// A caller is told that the outcome is unknown, and never asks again. What was on its way then comes when etcd's log
// moves on, long after a read saw nothing of it: it must not stay (X2).
func TestUnsure_WhatComesLateBehindATiredCallIsTakenBack(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct {
		sessionless bool
		permits     semaphore.Permits
	}{
		"permits":                   {false, 1},
		"a wait":                    {false, 2},
		"permits without a session": {true, 1},
		"a wait without a session":  {true, 2},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gs := w.gateways(2)
			gs[0].init(1, c.sessionless)
			who := nobody
			if !c.sessionless {
				who = gs[0].caller("a")
			}
			gs[1].current()
			gs[1].lossy.next(stuck, stuck, stuck)
			gs[1].begin(acquireOf(who, "r1", c.permits)).fails(store.ErrUnavailable)
			time.Sleep(2 * grace) // in which the call has tidied up, as far as it can tell
			gs[1].lossy.moveOn()
			w.gone("r1")
			w.eventually("all is available", func() bool {
				s, err := gs[0].Get(t.Context(), pool)
				return err == nil && s.Available == 1
			})
		})
	}
}
