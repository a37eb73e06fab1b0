package fencedlock

import (
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
	"github.com/cpgate/cpgate/internal/progress"
)

// call is what the calls of this package have in common.
type call struct {
	progress.Call
	name   keys.Name
	caller Caller
	spots  spots
	now    time.Time
}

// spots are the keys that a caller's call looks at, spelled once.
type spots struct{ ticket, marker, line string }

func newCall(space keys.Space, n keys.Name, who Caller, now time.Time) call {
	return call{
		name: n, caller: who, now: now.UTC(),
		spots: spots{
			ticket: space.LockTicket(n, int64(who.Session), who.Owner), marker: space.Session(int64(who.Session)), line: space.LockLine(n),
		},
	}
}

// Keys implements store.Call.
func (c *call) Keys() []string { return []string{c.spots.ticket, c.spots.marker} }

// keep returns what puts the notes.
func (c *call) keep(s scene, notes ...memo.Note) []kv.Op {
	return memo.Keep(s.view, kv.LeaseID(c.caller.Session), notes...)
}

// note says what became of a request of the caller.
func (c *call) note(s scene, request string, a memoAnswer) memo.Note {
	return noted(s.memoKey(request), remembered{Answer: a, At: c.now})
}
