package session

import (
	"encoding/json"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// marker is the value of a session's marker: what a person sees with etcdctl.
type marker struct {
	Name          string    `json:"name,omitempty"`
	User          string    `json:"user,omitempty"`
	ClientAddress string    `json:"client_address,omitempty"`
	TTLSeconds    int64     `json:"ttl_seconds"`
	Created       time.Time `json:"created"`
}

func (m marker) encode() []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings, a number and a time always marshal
	}
	return b
}

// Live returns the marker of the session, nil when there is none. A session lives exactly as long as its marker,
// because etcd deletes a lease and all its keys in one step (X1); a marker that is not attached to the session's
// own lease proves nothing and counts as absent.
func Live(v mirror.View, id ID) *kv.Item { return LiveAt(v, v.Space().Session(int64(id)), id) }

// LiveAt is Live for who has spelled the marker's key before.
func LiveAt(v mirror.View, key string, id ID) *kv.Item {
	i := v.Get(key)
	if i == nil || i.Lease != kv.LeaseID(id) {
		return nil
	}
	return i
}

// describe reads a marker. A value that can't be read still is a session, of which only the id is known.
func describe(v mirror.View, id ID, i *kv.Item) Session {
	var m marker
	_ = json.Unmarshal(i.Value, &m) // what can't be read stays zero
	return Session{
		ID: id, Name: m.Name, User: m.User, ClientAddress: m.ClientAddress, Created: m.Created,
		TTL:     time.Duration(m.TTLSeconds) * time.Second,
		Tickets: v.Attached(i.Lease) - 1 - memos(v, id),
	}
}

// memos counts what is remembered of the session, as far as it is attached to its lease.
func memos(v mirror.View, id ID) (n int) {
	v.Scan(v.Space().SessionMemos(int64(id)), "", func(i *kv.Item) bool {
		if i.Lease == kv.LeaseID(id) {
			n++
		}
		return true
	})
	return n
}
