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
	keys   []string
	now    time.Time
}

func newCall(space keys.Space, n keys.Name, who Caller, now time.Time) call {
	return call{
		name: n, caller: who, now: now.UTC(),
		keys: []string{ticketKey(space, n, who), space.Session(int64(who.Session))},
	}
}

// Keys implements store.Call.
func (c *call) Keys() []string { return c.keys }

// keep returns what puts the notes.
func (c *call) keep(s scene, notes ...memo.Note) []kv.Op {
	return memo.Keep(s.view, kv.LeaseID(c.caller.Session), notes...)
}

// note says what became of a request of the caller.
func (c *call) note(s scene, request string, a memoAnswer) memo.Note {
	return noted(s.memoKey(request), remembered{Answer: a, At: c.now})
}
