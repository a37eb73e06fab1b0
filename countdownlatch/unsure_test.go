package countdownlatch_test

import (
	"strings"
	"testing"
)

// Outcomes get lost: the transaction was committed, or never, or comes late. What is answered in the end is true, and
// counts once (C2).
func TestUnsure_LostOutcomesAreSeenThrough(t *testing.T) {
	t.Parallel()
	stories := map[string]string{
		"set": `
			lose@2 FATE
			set@2 s1 2 -> true r1
			settle@2
			get -> 2 of 2 r1
			set s2 2 -> false r1
			set s1 2 -> true r1`,
		"set of the next round": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			await@2 w1 &
			lose@2 FATE
			set@2 s2 2 -> true r2
			settle@2
			get -> 2 of 2 r2
			down c1 -> 2 r2`,
		"set while something remains": `
			set s1 2 -> true r1
			get@2 -> 2 of 2 r1
			lose@2 FATE
			set@2 s2 3 -> false r1
			settle@2
			get -> 2 of 2 r1`,
		"count_down": `
			set s1 3 -> true r1
			await w1 &
			lose@2 FATE
			down@2 c1 -> 2 r1
			down c1 -> 2 r1
			settle@2
			get -> 2 of 3 r1
			down c2 -> 1 r1
			lose@2 FATE
			down@2 c3 -> 0 r1
			ended w1 -> completed r1
			settle@2
			set s2 2 -> true r2
			down@2 c3 -> 2 r2`,
		"destroy": `
			set s1 2 -> true r1
			down c1 -> 1 r1
			await w1 &
			lose@2 FATE
			destroy@2 -> true
			ended w1 -> destroyed
			settle@2
			keys ->
			lose@2 FATE
			destroy@2 -> false
			set s2 2 -> true r2
			settle@2
			get -> 2 of 2 r2`,
		"destroy of what can't be read": `
			put gate {}
			lose@2 FATE
			destroy@2 -> true
			settle@2
			keys ->`,
		"cleaning": `
			set s1 1 -> true r1
			down c1 -> 0 r1
			set s2 1 -> true r2
			down c2 -> 0 r2
			lose@2 answered FATE
			set@2 s3 1 -> true r3
			settle@2
			keys -> gate gate/r2/c2
			down c3 -> 0 r3
			lose@2 answered FATE
			destroy@2 -> true
			settle@2
			keys ->`,
	}
	for says, text := range stories {
		for _, f := range []string{"lost", "unsent", "overdue", "unsent overdue", "overdue lost", "lost lost", "stuck", "stuck stuck", "filling"} {
			t.Run(says+" "+f, func(t *testing.T) {
				t.Parallel()
				play(t, strings.ReplaceAll(text, "FATE", f))
			})
		}
	}
}

// An outcome stays unknown: the caller is told so. Repeated, the call counts once, whatever comes late.
func TestUnsure_ARepeatOfATiredCallCountsOnce(t *testing.T) {
	t.Parallel()
	playAll(t, map[string]string{
		"set": `
			lose@2 stuck stuck stuck
			set@2 s1 2 -> unavailable
			set s1 2 -> true r1
			settle@2
			get -> 2 of 2 r1`,
		"set that comes before its repeat": `
			lose@2 stuck stuck stuck
			set@2 s1 2 -> unavailable
			settle@2
			set s1 2 -> true r1
			get -> 2 of 2 r1`,
		"set that comes when its latch is destroyed": `
			lose@2 stuck stuck stuck
			set@2 s1 2 -> unavailable
			set s1 2 attempt=1 -> true r1
			destroy -> true
			settle@2
			get -> 0 of 0 r0
			set@2 s1 2 attempt=2 -> true r1`,
		"set that comes when its latch had other rounds since, and is destroyed": `
			lose@2 stuck stuck stuck
			set@2 s1 1 -> unavailable
			set s1 1 attempt=1 -> true r1
			down c1 -> 0 r1
			set s2 1 -> true r2
			destroy -> true
			settle@2
			get -> 0 of 0 r0`,
		"set that comes when its repeat was refused": `
			lose@2 stuck stuck stuck
			set@2 s1 2 -> unavailable
			set s2 1 -> true r1
			set s1 2 attempt=1 -> false r1
			destroy -> true
			settle@2
			get -> 0 of 0 r0
			set@2 s1 2 attempt=2 -> false r1`,
		"count_down": `
			set s1 3 -> true r1
			lose@2 stuck stuck stuck
			down@2 c1 -> unavailable
			down c1 -> 2 r1
			settle@2
			get -> 2 of 3 r1`,
		"count_down of a round that is over": `
			set s1 1 -> true r1
			lose@2 stuck stuck stuck
			down@2 c1 -> unavailable
			down c2 -> 0 r1
			set s2 2 -> true r2
			settle@2
			get -> 2 of 2 r2
			down c1 -> 1 r2
			keys -> gate gate/r1/c2 gate/r2/c1`,
		"destroy": `
			set s1 1 -> true r1
			lose@2 stuck stuck stuck
			destroy@2 -> unavailable
			destroy -> true
			set s2 1 -> true r2
			settle@2
			get -> 1 of 1 r2`,
	})
}
