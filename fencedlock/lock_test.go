package fencedlock_test

import "testing"

// TestLock_Story tells what semantics each sentence of the lock has; says quotes the sentence or names the
// invariant.
func TestLock_Story(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"free: held, hold count 1, fence above 0": `
			- line -> free 0
			a lock r1 -> held 1 f1
			- line -> a f1 x1`,
		"same caller again: hold count rises, same fence (L5)": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a@2 lock r3 0s -> held 3 f1
			a unlock u1 -> 2
			a lock r4 -> held 3 f1
			- line -> a f1 x3`,
		"other caller waits in line, first come first served (L1, L4)": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c@2 lock r3 &
			d lock r4 &
			- line -> a f1 x1 | b f2 | c f3 | d f4
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			b@2 unlock u2 -> 0
			c await r3 -> held 1 f3
			c unlock u3 -> 0
			d await r4 -> held 1 f4`,
		"a caller is session and owner": `
			a.x lock r1 -> held 1 f1
			a.y lock r2 0s -> refused, a.x f1
			a lock r3 0s -> refused, a.x f1
			a unlock u1 -> not holder
			a.y unlock u2 f1 -> already released
			a.x lock r4 -> held 2 f1`,
		"timeout 0 is a try: a refusal tells the holder": `
			a lock r1 -> held 1 f1
			b lock r2 0s -> refused, a f1
			b@2 lock r3 0s -> refused, a f1
			- line -> a f1 x1
			a unlock u1 -> 0
			b@2 lock r4 0s -> held 1 f2`,
		"timeout: a refusal tells the last position": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c lock r3 10ms -> refused, a f1 at 2
			- line -> a f1 x1 | b f2
			b cancel r2 -> true
			c lock r4 10ms -> refused, a f1 at 1`,
		"a free lock occupies nothing": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			b lock r3 &
			a unlock u1 -> 1
			a unlock u2 -> 0
			b await r3 -> held 1 f2
			c lock r4 0s -> refused, b f2
			c lock r5 5ms -> refused, b f2 at 1
			b unlock u3 -> 0
			- keys ->
			- line -> free 0`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}

func TestLock_AcquireLimit(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct{ limit, text string }{
		"at the limit: LIMIT_REACHED, hold count unchanged": {"2", `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			a lock r3 -> limit 2 f1
			a@2 lock r4 0s -> limit 2 f1
			a lock r2 -> held 2 f1
			- line -> a f1 x2
			a unlock u1 -> 1
			a lock r5 -> held 2 f1
			a unlock u2 -> 1
			a unlock u3 -> 0
			- line -> free 0`},
		"1: not reentrant": {"1", `
			a lock r1 -> held 1 f1
			a lock r2 -> limit 1 f1
			b lock r3 0s -> refused, a f1
			a unlock u1 -> 0
			a unlock u2 -> not holder`},
		"by the name's pattern": {"or*=1 *=5", `
			a lock r1 -> held 1 f1
			a lock r2 -> limit 1 f1`},
		"another name's limit": {"stock=1", `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1`},
		"a refusal of a retry is remembered, and tells the same": {"1", `
			a lock r1 -> held 1 f1
			a lock r2 attempt=1 -> limit 1 f1
			a@2 lock r2 attempt=2 -> limit 1 f1
			a unlock u1 -> 0
			a lock r3 -> held 1 f2`},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, c.limit, c.text)
		})
	}
}

func TestLock_NewerCallTakesThePlace(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"a newer call ends the older wait and keeps its place (L4)": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c lock r3 &
			b lock r4 &
			b await r2 -> wait cancelled
			- line -> a f1 x1 | b f2 | c f3
			a unlock u1 -> 0
			b await r4 -> held 1 f2`,
		"also through another gateway": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c lock r3 &
			b@2 lock r4 &
			b await r2 -> wait cancelled
			a unlock u1 -> 0
			b await r4 -> held 1 f2`,
		"also as a try, which leaves the line": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b@2 lock r3 0s -> refused, a f1
			b await r2 -> wait cancelled
			- line -> a f1 x1`,
		"also with a timeout": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b@2 lock r3 10ms -> refused, a f1 at 1
			b await r2 -> wait cancelled
			- line -> a f1 x1`,
		"the older one, asked again, stays cancelled": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b lock r3 &
			b await r2 -> wait cancelled
			b lock r2 attempt=1 -> wait cancelled
			b@2 lock r2 -> wait cancelled
			a unlock u1 -> 0
			b await r3 -> held 1 f2
			b unlock u2 -> 0
			- line -> free 0`,
		"another owner of the session is another caller": `
			a lock r1 -> held 1 f1
			b.x lock r2 &
			b.y lock r3 &
			- line -> a f1 x1 | b.x f2 | b.y f3
			a unlock u1 -> 0
			b.x await r2 -> held 1 f2`,
		"a retry ends the older wait too, and keeps its place": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c lock r3 &
			b@2 lock r2 & attempt=1
			b await r2#0 -> wait cancelled
			- line -> a f1 x1 | b f2 | c f3
			a unlock u1 -> 0
			b await r2 -> held 1 f2`,
		"a retry that says it is the first one too": `
			a lock r1 -> held 1 f1
			b lock r2 &
			b@2 lock r2 &
			b await r2#0 -> wait cancelled
			a unlock u1 -> 0
			b await r2 -> held 1 f2`,
		"an attempt that comes late does not take the place back": `
			a lock r1 -> held 1 f1
			b lock r2 & attempt=1
			b@2 lock r2 -> wait cancelled
			a unlock u1 -> 0
			b await r2 -> held 1 f2`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}
