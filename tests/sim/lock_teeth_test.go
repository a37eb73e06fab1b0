package sim

import (
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
)

// TestBrokenLocksAreNoticed breaks one rule at a time and expects the simulation to notice: each rule is there for
// a reason that some schedule shows.
func TestBrokenLocksAreNoticed(t *testing.T) {
	bite(t, locks, map[string]breaks{
		"blind writes":                   without(func(c kv.Compare) bool { return c.Target == kv.Mod && !on("/session/")(c) }),
		"no without a barrier":           noBarrier,
		"give-up without a ticket ahead": without(func(c kv.Compare) bool { return c.Is == kv.Equal && c.Target == kv.Create && c.Rev > 0 }),
		"giving up what may hold by now": without(func(c kv.Compare) bool {
			return c.Target == kv.Create && c.Rev != 0 && on("/lock/")(c)
		}),
		"retry that puts its ticket again": without(func(c kv.Compare) bool {
			return c.Target == kv.Create && c.Rev == 0 && on("/lock/")(c) && !on("/memo/")(c) && !c.Prefix
		}),
		"late attempt that ignores the memo":                 without(on("/memo/")),
		"put after the session has ended":                    without(on("/session/")),
		"put that forgets the lease":                         forgetLease,
		"calls that take each other's tickets for their own": sameCall,
		"lost wake-up":                          deaf,
		"two tickets in one revision":           mutates(func(t *kv.Txn) { t.Apart = "" }),
		"proposals that take in whatever waits": heedless,
	})
}
