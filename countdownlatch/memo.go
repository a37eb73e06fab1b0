package countdownlatch

import (
	"encoding/json"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
)

// remembered is the answer to a SetRequest: an attempt of that request that comes late finds it and does nothing (S4).
// The round that the request began is not in it, since it is the revision in which the memo was put.
type remembered struct {
	Set   bool      `json:"set"`
	Round Round     `json:"round,omitempty"` // of which something remained
	At    time.Time `json:"at"`
}

func (r remembered) encode() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // a number and a time of our days always marshal
	}
	return b
}

// recalled reads a memo.
func recalled(i *kv.Item) (SetAnswer, error) {
	var r remembered
	switch err := json.Unmarshal(i.Value, &r); {
	case err != nil:
		return SetAnswer{}, &keys.DamagedError{Key: i.Key}
	case r.Set:
		return SetAnswer{Set: true, Round: Round(i.Create)}, nil
	}
	return SetAnswer{Round: r.Round}, nil
}
