// Package value is what the keys of semaphores and latches hold: small JSON objects that a person can read with
// etcdctl. Both the mirror, which has to know who is admitted, and the primitives read them here. It is pure.
package value

import (
	"encoding/json"
	"math"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
)

// Semaphore is the record of a semaphore.
type Semaphore struct {
	// Permits is how many may be held at a time; where sessionless, how many are available.
	Permits     int64    `json:"permits"`
	Sessionless bool     `json:"sessionless,omitempty"`
	Through     *Through `json:"admitted_through,omitempty"`
	// Pause names a call that asks all others to hold back for a moment, so that it finds the line at rest.
	Pause string `json:"pause,omitempty"`
	// Request initialized the semaphore: repeated, it is answered so.
	Request string `json:"request"`
}

// Through names the last ticket that a limit now lowered had admitted: up to there all hold.
type Through struct {
	Create kv.Revision `json:"create"`
	Key    string      `json:"key"`
}

// DecodeSemaphore reads a record. ok is false for one that cpgate did not write.
func DecodeSemaphore(i *kv.Item) (s Semaphore, ok bool) {
	ok = decode(i, &s) && s.Permits >= math.MinInt32 && s.Permits <= math.MaxInt32
	if !ok {
		return Semaphore{}, false // half of a record must not admit anybody
	}
	return s, true
}

// Encode writes the record.
func (s Semaphore) Encode() []byte { return encode(s) }

// Limit is what the line of the semaphore admits by. Without sessions nobody holds: whoever is first takes what it
// came for off the record and leaves.
func (s Semaphore) Limit() line.Limit {
	if s.Sessionless {
		return line.Limit{}
	}
	l := line.Limit{Permits: line.Permits(s.Permits)}
	if s.Through != nil {
		l.Through = line.Place{Create: s.Through.Create, Key: s.Through.Key}
	}
	return l
}

// Ticket is one request's place in the line of a semaphore.
type Ticket struct {
	Permits int64  `json:"permits"`         // what it holds or waits for
	Asked   int64  `json:"asked,omitempty"` // what it came for, where a part was given back since
	Owner   string `json:"owner,omitempty"`
	// By names the call that last touched it, on whichever gateway: only that call may tell of it, or give it up.
	By      string    `json:"by"`
	Attempt int32     `json:"attempt,omitempty"` // of that call
	Retried bool      `json:"retried,omitempty"` // there was an earlier attempt, or transaction, that may come late
	Since   time.Time `json:"since"`
}

// DecodeTicket reads a ticket. ok is false for one that cpgate did not write: it counts one permit.
func DecodeTicket(i *kv.Item) (t Ticket, ok bool) {
	ok = decode(i, &t) && t.Permits >= 1 && t.Permits <= math.MaxInt32
	if !ok {
		return Ticket{Permits: 1}, false
	}
	return t, true
}

// ReadTicket reads a ticket in the line of a semaphore: of which session, 0 for none. One whose key cpgate would not spell
// so, or that is not on its session's lease, is foreign, and so is one that can't be read: it counts one permit.
func ReadTicket(group string, i *kv.Item) (sid int64, t Ticket, foreign bool) {
	sid, _, spelled := keys.ParseSemaphoreTicket(group, i.Key)
	t, readable := DecodeTicket(i)
	if !spelled || !readable || i.Lease != kv.LeaseID(sid) {
		return 0, Ticket{Permits: 1}, true
	}
	return sid, t, false
}

// Encode writes the ticket.
func (t Ticket) Encode() []byte { return encode(t) }

// Got is how many permits the ticket came for.
func (t Ticket) Got() int64 { return max(t.Asked, t.Permits) }

// Latch is the record of a latch. The round that it began is the revision in which it was put.
type Latch struct {
	Count int32 `json:"count"`
	// Last is the round before this one: who arrived in it arrives no more.
	Last int64 `json:"last_round,omitempty"`
}

// DecodeLatch reads a record. ok is false for one that cpgate did not write.
func DecodeLatch(i *kv.Item) (l Latch, ok bool) {
	ok = decode(i, &l) && l.Count >= 1
	if !ok {
		return Latch{}, false
	}
	return l, true
}

// Encode writes the record.
func (l Latch) Encode() []byte { return encode(l) }

func decode(i *kv.Item, into any) bool { return json.Unmarshal(i.Value, into) == nil }

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and a time always marshal
	}
	return b
}
