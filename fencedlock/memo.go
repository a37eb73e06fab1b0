package fencedlock

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/session"
)

// memo is the answer to a request that left no ticket: an attempt of that request that comes late finds it and
// does nothing (S4).
type memo struct {
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

// maxMemos is how many memos one session keeps; the oldest go.
const maxMemos = 100

func decodeMemo(i *kv.Item) (m memo) {
	_ = json.Unmarshal(i.Value, &m) // one that can't be read still says that the request is over
	return m
}

// note is a memo and the key that it is kept at.
type note struct {
	key  string
	memo memo
}

// keep returns what puts the notes, on the session's lease, and drops the oldest memos of that session beyond
// maxMemos. No key is both put and deleted, nor put twice.
func keep(s scene, id session.ID, notes ...note) (ops []kv.Op) {
	written := map[string]bool{}
	for _, n := range notes {
		if !written[n.key] {
			written[n.key] = true
			ops = append(ops, kv.Put(n.key, n.memo.encode(), kv.LeaseID(id)))
		}
	}
	for _, i := range surplus(s, id, len(notes)) {
		if !written[i.Key] {
			ops = append(ops, kv.Delete(i.Key))
		}
	}
	return ops
}

func (m memo) encode() []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and a time always marshal
	}
	return b
}

// surplus returns the memos, oldest first, that have to go before more come. A view of the past may have let one too
// many come before: all that are too many go, though not more at a time than there should be.
func surplus(s scene, id session.ID, more int) (all []*kv.Item) {
	s.view.Scan(s.view.Space().SessionMemos(int64(id)), "", func(i *kv.Item) bool {
		all = append(all, i)
		return true
	})
	slices.SortFunc(all, func(a, b *kv.Item) int {
		return cmp.Or(cmp.Compare(a.Create, b.Create), cmp.Compare(a.Key, b.Key))
	})
	return all[:min(max(0, len(all)+more-maxMemos), len(all), maxMemos)]
}
