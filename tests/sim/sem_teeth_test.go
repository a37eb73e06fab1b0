package sim

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/value"
)

const (
	poolRecord  = "cp/semaphore/pool"
	poolTickets = "cp/semaphore/pool/"
)

// ticketChanged matches the conditions that a ticket is as it was seen.
func ticketChanged(c kv.Compare) bool { return unchanged(poolTickets)(c) }

// recordChanged matches the condition that the record is as it was seen.
func recordChanged(c kv.Compare) bool { return unchanged(poolRecord)(c) && c.Key == poolRecord }

// noneSince matches the condition that no ticket has come.
func noneSince(c kv.Compare) bool { return c.Prefix && c.Is == kv.Less }

// remembers matches the memos of an answer.
func remembers(answer string) func(kv.Op) bool {
	return func(o kv.Op) bool { return bytes.Contains(o.Value, []byte(`"answer":"`+answer+`"`)) }
}

// through moves the place up to which a reduction admits for good.
func through(by kv.Revision) breaks {
	return mutates(func(t *kv.Txn) {
		for n, o := range t.Then {
			v, ok := value.DecodeSemaphore(&kv.Item{Value: o.Value})
			if o.Key == poolRecord && ok && v.Through != nil {
				v.Through.Create += by
				t.Then[n].Value = v.Encode()
			}
		}
	}, "change")
}

// TestBrokenSemaphoresAreNoticed breaks one rule at a time, as TestBrokenLocksAreNoticed does.
func TestBrokenSemaphoresAreNoticed(t *testing.T) {
	bite(t, semaphores, map[string]breaks{
		"reduce by a bare compare-and-swap": without(func(c kv.Compare) bool { return on(poolTickets)(c) }, "change"),
		"reduce without its holders":        without(ticketChanged, "change"),
		"reduce without the first waiter": without(func(c kv.Compare) bool {
			return on(poolTickets)(c) && c.Target == kv.Create && !c.Prefix
		}, "change"),
		"reduce without asking who came": without(noneSince, "change"),
		"admitted for good one too few":  through(-1),
		"admitted for good one too many": through(3),
		"drain without its holders":      without(ticketChanged, "drain"),
		"drain without asking who came":  without(noneSince, "drain"),
		"try without asking who came":    without(noneSince, "acquire"),
		"try without its guard": without(func(c kv.Compare) bool {
			return noneSince(c) || recordChanged(c)
		}, "acquire"),
		"try without the record":              without(recordChanged, "acquire"),
		"give-up of a ticket taken up since":  without(ticketChanged, "acquire"),
		"acquire that outlives a destruction": without(func(c kv.Compare) bool { return c.Key == poolRecord }, "acquire"),
		"no without a barrier":                noBarrier,
		"release that forgets whose it was":   omits(remembers("acquired"), "release"),
		"release without its memo":            omits(remembers("released"), "release"),
		"release of tickets changed since":    without(ticketChanged, "release"),
		"change without its memo":             omits(remembers("changed"), "change"),
		"no without its memo":                 omits(remembers("not acquired")),
		"cancel without its memo":             omits(remembers("cancelled")),
		"late attempt that ignores the memo":  without(on("/memo/")),
		"put that forgets the lease":          forgetLease,
		"put after the session has ended":     without(on("/session/")),
		"sweep in one step": faints(mutates(func(t *kv.Txn) {
			for n, o := range t.Then {
				t.Then[n] = kv.Delete(o.Key)
			}
		}, "")),
		"calls that take each other's tickets for their own": sameCall,
		"lost wake-up": deaf,
	})
}

// TestBrokenSessionlessSemaphoresAreNoticed does so for those without sessions.
func TestBrokenSessionlessSemaphoresAreNoticed(t *testing.T) {
	inLine := func(c kv.Compare) bool { return strings.HasPrefix(c.Key, poolTickets) }
	bite(t, sessionless, map[string]breaks{
		"take without its memo":                              omits(remembers("acquired"), "acquire"),
		"drain without its memo":                             omits(remembers("acquired"), "drain"),
		"release without its memo":                           omits(remembers("released")),
		"change without its memo":                            omits(remembers("changed")),
		"late attempt that ignores the memo":                 without(on("/memo/")),
		"take without the record":                            without(recordChanged, "acquire"),
		"drain without the record":                           without(recordChanged, "drain"),
		"release without the record":                         without(recordChanged, "release"),
		"change without the record":                          without(recordChanged, "change"),
		"take that overtakes":                                without(func(c kv.Compare) bool { return c.Prefix && c.Is == kv.Equal }, "acquire"),
		"drain that overtakes":                               without(func(c kv.Compare) bool { return c.Prefix && c.Is == kv.Equal }, "drain"),
		"take without its ticket":                            without(inLine, "acquire"),
		"give-back of what a retry took up":                  without(unchanged("/memo/"), "acquire"),
		"no without a barrier":                               noBarrier,
		"calls that take each other's permits for their own": sameCall,
		"lost wake-up":                                       deaf,
	})
}
