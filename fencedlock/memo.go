package fencedlock

import (
	"encoding/json"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/memo"
)

// remembered is the answer to a request that left no ticket: an attempt of that request that comes late finds it and
// does nothing (S4).
type remembered struct {
	Answer memoAnswer `json:"answer"`
	Owner  string     `json:"owner,omitempty"` // whose hold it was, for a forced unlock
	At     time.Time  `json:"at"`
}

type memoAnswer string

const (
	memoNotAcquired  memoAnswer = "not acquired"
	memoLimitReached memoAnswer = "limit reached"
	memoCancelled    memoAnswer = "cancelled"
	memoReleased     memoAnswer = "released"
	memoForced       memoAnswer = "forced"
)

func recalled(i *kv.Item) (r remembered) {
	_ = json.Unmarshal(i.Value, &r) // one that can't be read still says that the request is over
	return r
}

func noted(key string, r remembered) memo.Note {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and a time always marshal
	}
	return memo.Note{Key: key, Value: b}
}
