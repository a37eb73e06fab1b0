package fencedlock

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
)

// value is what a ticket's key holds: small JSON that a person can read with etcdctl.
type value struct {
	Holds []hold    `json:"holds"`          // as many as the hold count; one while waiting
	Done  []done    `json:"done,omitempty"` // what was answered and left no other trace, the last maxDone
	Since time.Time `json:"since"`
}

// hold is one lock call that holds or waits. By names the call that last touched it, on whichever gateway: only
// that call may still give it up, so a retry that took it over is safe from the attempt it replaces.
type hold struct {
	Request string `json:"request"`
	By      string `json:"by"`
	Attempt int32  `json:"attempt,omitempty"` // of that call; an earlier one never takes it back
	Retried bool   `json:"retried,omitempty"` // there was an earlier attempt, or transaction, that may come late
}

// done is the answer to a request that is over.
type done struct {
	Request string `json:"request"`
	Count   int    `json:"count"` // the hold count that was answered
	Unlock  bool   `json:"unlock,omitempty"`
}

// maxDone is how many answers a ticket remembers: enough for retries, which are few and soon.
const maxDone = 16

// decode reads a ticket. ok is false for one that cpgate did not write.
func decode(i *kv.Item) (v value, ok bool) {
	err := json.Unmarshal(i.Value, &v)
	return v, err == nil && len(v.Holds) > 0
}

func (v value) encode() []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and a time always marshal
	}
	return b
}

// find returns the hold of the request and how many holds there are up to it, 0 when there is none.
func (v value) find(request string) (hold, int) {
	n := slices.IndexFunc(v.Holds, func(h hold) bool { return h.Request == request })
	if n < 0 {
		return hold{}, 0
	}
	return v.Holds[n], n + 1
}

// answered returns what was answered to a request that is over.
func (v value) answered(request string, unlock bool) (count int, ok bool) {
	n := slices.IndexFunc(v.Done, func(d done) bool { return d.Request == request && d.Unlock == unlock })
	if n < 0 {
		return 0, false
	}
	return v.Done[n].Count, true
}

// push adds a hold.
func (v value) push(h hold) value {
	v.Holds = append(slices.Clone(v.Holds), h)
	return v
}

// retouch replaces the hold of the request old.
func (v value) retouch(old string, h hold) value {
	v.Holds = slices.Clone(v.Holds)
	for n := range v.Holds {
		if v.Holds[n].Request == old {
			v.Holds[n] = h
		}
	}
	return v
}

// without removes the n-th hold, counted from 1.
func (v value) without(n int) value {
	v.Holds = slices.Delete(slices.Clone(v.Holds), n-1, n)
	return v
}

// pop removes the newest hold at the request of an unlock, and remembers the answers to both.
func (v value) pop(unlock string) value {
	n := len(v.Holds)
	locked, unlocked := done{Request: v.Holds[n-1].Request, Count: n}, done{Request: unlock, Count: n - 1, Unlock: true}
	v = v.without(n)
	v.Done = append(slices.Clone(v.Done), locked, unlocked)
	v.Done = v.Done[max(0, len(v.Done)-maxDone):]
	return v
}
