package semaphore

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
)

// remembered is the answer to a request that left no ticket: an attempt of that request that comes late finds it and
// does nothing (S4).
type remembered struct {
	Answer  memoAnswer `json:"answer"`
	Permits int64      `json:"permits,omitempty"` // how many that was about
	// Without a session the memo is all that there is of permits taken: it names the call that last touched it, which
	// may give them back, and the semaphore that they are of.
	By      string      `json:"by,omitempty"`
	Attempt int32       `json:"attempt,omitempty"`
	Record  kv.Revision `json:"record,omitempty"`
	At      time.Time   `json:"at"`
}

type memoAnswer string

const (
	acquired    memoAnswer = "acquired" // or drained; what came of the permits since is told elsewhere
	notAcquired memoAnswer = "not acquired"
	cancelled   memoAnswer = "cancelled"
	released    memoAnswer = "released"
	drained     memoAnswer = "drained" // none, or fewer
	changed     memoAnswer = "changed"
	initialized memoAnswer = "initialized"
	destroyed   memoAnswer = "destroyed"

	notInitialized memoAnswer = "initialized before"
)

// The errors of a call that was meant for the other kind.
var (
	errSessionless  = &KindError{Sessionless: true}
	errSessionAware = &KindError{Sessionless: false}
)

// refusals are the errors that are remembered, by their answer.
var refusals = map[memoAnswer]error{
	"permits not held": ErrPermitsNotHeld,
	"not initialized":  ErrNotInitialized,
	"out of range":     ErrOutOfRange,
	"sessionless":      errSessionless,
	"session-aware":    errSessionAware,
	cancelled:          ErrWaitCancelled,
	destroyed:          ErrDestroyed,
}

// refusal is how err is remembered.
func refusal(err error) memoAnswer {
	for a, e := range refusals {
		if errors.Is(err, e) {
			return a
		}
	}
	return cancelled
}

func recalled(i *kv.Item) (r remembered) {
	_ = json.Unmarshal(i.Value, &r) // one that can't be read still says that the request is over
	return r
}

func (r remembered) note(key string) memo.Note {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings, numbers and a time always marshal
	}
	return memo.Note{Key: key, Value: b}
}
