package countdownlatch

import (
	"encoding/json"
	"time"
)

// arrival is what an arrival's key holds, for people who look with etcdctl: that the key is there is what counts.
type arrival struct {
	At time.Time `json:"at"`
}

func (a arrival) encode() []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // a time of our days always marshals
	}
	return b
}
