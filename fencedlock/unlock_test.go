package fencedlock_test

import "testing"

func TestUnlock_Story(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"not the holder (L3)": `
			a unlock u1 -> not holder
			a lock r1 -> held 1 f1
			b unlock u2 -> not holder
			a.x unlock u3 -> not holder
			- line -> a f1 x1`,
		"the fence does not match (L3)": `
			a lock r1 -> held 1 f1
			a unlock u1 -> 0
			a lock r2 -> held 1 f2
			a unlock u2 f1 -> not holder
			a unlock u3 +9 -> not holder
			- line -> a f2 x1
			a unlock u4 f2 -> 0`,
		"a fence from the future was never a hold": `
			a lock r1 -> held 1 f1
			a unlock u1 -> 0
			a unlock u2 +1000000 -> not holder`,
		"a waiter holds nothing": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- line -> a f1 x1 | b f2
			b unlock u1 -> not holder
			b unlock u2 f2 -> not holder
			- line -> a f1 x1 | b f2`,
		"the fence of a hold that is gone: already released, no error": `
			a lock r1 -> held 1 f1
			a unlock u1 f1 -> 0
			a unlock u1 f1 -> already released
			a@2 unlock u2 f1 -> already released
			b lock r2 -> held 1 f2
			a unlock u3 f1 -> already released
			- line -> b f2 x1`,
		"session gone": `
			a lock r1 -> held 1 f1
			a close -> true
			a unlock u1 f1 -> expired
			a@2 unlock u2 -> expired
			a lock r2 -> expired
			a cancel r1 -> expired
			a close -> false`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}

func TestForceUnlock_Story(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"frees the lock whatever its hold count; the old holder's unlock gets OWNERSHIP_LOST": `
			a lock r1 -> held 1 f1
			a lock r2 -> held 2 f1
			b lock r3 &
			-@2 force -> a f1
			b await r3 -> held 1 f2
			a unlock u1 f1 -> ownership lost
			a unlock u2 -> ownership lost
			a@2 unlock u3 f1 -> ownership lost
			- line -> b f2 x1`,
		"with a fence, only if it still is the holder's": `
			a lock r1 -> held 1 f1
			a unlock u1 -> 0
			b lock r2 -> held 1 f2
			a lock r3 &
			- line -> b f2 x1 | a f3
			- force f1 -> nobody
			- force f3 -> nobody
			- force +5 -> nobody
			- line -> b f2 x1 | a f3
			- force f2 -> b f2
			a await r3 -> held 1 f3`,
		"a free lock": `
			- force -> nobody
			a lock r1 -> held 1 f1
			- force -> a f1
			-@2 force -> nobody
			- line -> free 0`,
		"the next hold of the one who lost it is as any": `
			a lock r1 -> held 1 f1
			- force -> a f1
			a lock r2 -> held 1 f2
			a unlock u1 f1 -> ownership lost
			- line -> a f2 x1
			a unlock u2 f2 -> 0
			a unlock u3 f2 -> already released
			a unlock u4 f1 -> ownership lost`,
		"only the caller that held lost anything": `
			a.x lock r1 -> held 1 f1
			- force -> a.x f1
			a.y unlock u1 f1 -> already released
			a.y unlock u2 -> not holder
			a.x unlock u3 -> ownership lost`,
		"the requests whose hold was taken do not take the lock anew": `
			a lock r1 attempt=1 -> held 1 f1
			a lock r2 attempt=1 -> held 2 f1
			- force -> a f1
			a lock r1 -> wait cancelled
			a lock r2 attempt=2 -> wait cancelled
			- line -> free 0`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}
