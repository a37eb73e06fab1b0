package fencedlock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/store"
)

// Outcomes get lost: the transaction was committed, or never, or comes late. What is answered in the end is true, and
// nothing is left in line that nobody was told of (S4, X2).
func TestUnsure_LostOutcomesAreSeenThrough(t *testing.T) {
	t.Parallel()
	stories := map[string]string{
		"lock": `
			-@2 lose FATE
			a@2 lock r1 -> held 1 f1
			a unlock u1 -> 0
			-@2 settle
			- line -> free 0
			b lock r2 -> held 1 f2`,
		"reentrant lock": `
			a lock r1 -> held 1 f1
			-@2 lose FATE
			a@2 lock r2 -> held 2 f1
			a@2 unlock u1 -> 1
			-@2 settle
			- line -> a f1 x1
			a@2 unlock u2 -> 0
			- line -> free 0`,
		"wait": `
			a lock r1 -> held 1 f1
			-@2 lose FATE
			b@2 lock r2 &
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			b unlock u2 -> 0
			-@2 settle
			- line -> free 0`,
		"try": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 lose FATE
			b@2 lock r3 0s -> refused, a f1
			b await r2 -> wait cancelled
			-@2 settle
			- line -> a f1 x1`,
		"take over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c lock r3 &
			-@2 lose FATE
			b@2 lock r4 &
			b await r2 -> wait cancelled
			- line -> a f1 x1 | b f2 | c f3
			a unlock u1 -> 0
			b await r4 -> held 1 f2`,
		"retry": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 lose FATE
			b@2 lock r2 & attempt=1
			b await r2#0 -> wait cancelled
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			b unlock u2 -> 0
			- line -> free 0`,
		"retry that says it is the first one too": `
			a lock r1 -> held 1 f1
			-@2 lose FATE
			b@2 lock r2 &
			b lock r2 &
			b await r2#0 -> wait cancelled
			a unlock u1 -> 0
			b await r2 -> held 1 f2`,
		"unlock": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			b lock r3 &
			-@2 lose FATE
			a@2 unlock u1 -> 1
			-@2 lose FATE
			a@2 unlock u2 -> 0
			b await r3 -> held 1 f2`,
		"unlock of a caller that was forced before": `
			a lock r1 -> held 1 f1
			- force -> a f1
			a lock r2 -> held 1 f2
			-@2 lose FATE
			a@2 unlock u1 -> 0
			- line -> free 0`,
		"cancel": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 lose FATE
			b@2 cancel r2 -> true
			b await r2 -> wait cancelled
			a lock r3 -> held 2 f1
			-@2 lose FATE
			a@2 cancel r3 -> true
			-@2 lose FATE
			a@2 cancel r1 -> true
			-@2 lose FATE
			a@2 cancel r4 -> false
			- line -> free 0`,
		"force": `
			a lock r1 -> held 1 f1
			b lock r2 &
			-@2 lose FATE
			-@2 force -> a f1
			b await r2 -> held 1 f2
			a unlock u1 f1 -> ownership lost`,
	}
	for says, text := range stories {
		for _, f := range []string{"lost", "unsent", "overdue", "unsent overdue", "overdue lost", "lost lost", "stuck", "stuck stuck"} {
			t.Run(says+" "+f, func(t *testing.T) {
				t.Parallel()
				play(t, 2, "", strings.ReplaceAll(text, "FATE", f))
			})
		}
	}
}

// A caller is told that the outcome is unknown, and never asks again. What was on its way then comes when etcd's log
// moves on, long after a read saw nothing of it: it must not stay in line (X2).
func TestUnsure_WhatComesLateBehindATiredCallIsTakenBack(t *testing.T) {
	t.Parallel()
	for says, free := range map[string]bool{"a hold": true, "a wait": false} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gs := []*gateway{w.gateway(), w.gateway()}
			a, b := gs[0].caller("a"), gs[0].caller("b")
			if !free {
				gs[0].begin(lockOf(a, "r1", patient())).held()
			}
			gs[1].current()
			gs[1].lossy.next(stuck, stuck, stuck)
			gs[1].begin(lockOf(b, "r2", patient())).fails(store.ErrUnavailable)
			time.Sleep(2 * grace) // in which the call has tidied up, as far as it can tell
			gs[1].lossy.moveOn()
			w.gone("orders", "r2")
		})
	}
}
