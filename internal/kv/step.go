package kv

import "time"

// Step is what a call wants done next; exactly one of its fields is set, but for what is said of another one.
type Step struct {
	// Commit is a transaction to commit.
	Commit *Txn
	// See is a revision that the view must have reached before the call looks again.
	See Revision
	// Barrier asks for a view that is not older than this moment, for what is concluded from absence.
	Barrier bool
	// Wait is for news of the attended keys, or for a Signal.
	Wait bool
	// Turn names what the call is about to change in its next step, and asks that no other call of this store that
	// asks the same comes in between. It only spares vain tries: what is committed is right without.
	Turn string
	// Folds says of a Turn that it is for a transaction with a Fold: who waits for the same may go together with it.
	Folds bool
	// Rest is a pause for somebody else's sake.
	Rest *Rest
	// Done ends the call: its answer stands.
	Done bool
}

// Rest ends when the key of While is not that item any more, when For has passed, of which the signal Rested tells,
// or when a wait would end.
type Rest struct {
	While *Item
	For   time.Duration
}

// The steps that carry no value.
var (
	Barrier = Step{Barrier: true}
	Wait    = Step{Wait: true}
	Done    = Step{Done: true}
)

// See is the step that waits for the view to reach r.
func See(r Revision) Step { return Step{See: r} }

// Commit is the step that commits t.
func Commit(t Txn) Step { return Step{Commit: &t} }

// Turn is the step that waits for the turn to change what.
func Turn(what string) Step { return Step{Turn: what} }

// Signal is what can befall a waiting call from outside.
type Signal int

// The signals.
const (
	// TimedOut: the call's own timeout has passed.
	TimedOut Signal = iota
	// Left: whoever asked is gone; what the call has put in line stays for a while, to be taken up by a retry.
	Left
	// GraceOver: nobody came back in time; what the call has put in line is to go.
	GraceOver
	// Rested: the call has rested for as long as it wanted to.
	Rested
)
