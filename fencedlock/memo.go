package fencedlock

import (
	"encoding/json"
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

// write returns what puts the memo at key, on the session's lease, and keeps the number of memos bounded.
func (m memo) write(s scene, id session.ID, key string) []kv.Op {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and a time always marshal
	}
	put := kv.Put(key, b, kv.LeaseID(id))
	if oldest := oldestMemo(s, id); oldest != nil && oldest.Key != key {
		return []kv.Op{put, kv.Delete(oldest.Key)}
	}
	return []kv.Op{put}
}

// oldestMemo returns the memo that has to go before another one comes, nil when there is room.
func oldestMemo(s scene, id session.ID) (oldest *kv.Item) {
	n := 0
	s.view.Scan(s.view.Space().SessionMemos(int64(id)), "", func(i *kv.Item) bool {
		n++
		if oldest == nil || i.Create < oldest.Create {
			oldest = i
		}
		return true
	})
	if n < maxMemos {
		return nil
	}
	return oldest
}
