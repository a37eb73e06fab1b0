package session

import (
	"fmt"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// MaxTickets is how many tickets, holds and waits, one session may have. It spares etcd: what comes in one burst may
// exceed it by the calls under way.
const MaxTickets = 1000

// ErrTooManyTickets means that the session has MaxTickets already.
var ErrTooManyTickets = fmt.Errorf("the session has %d tickets, the most that one session may have", MaxTickets)

// nearlyFull is how many keys a session may have before a late view could hide that it has all its tickets.
const nearlyFull = MaxTickets * 9 / 10

// NearlyFull reports whether only a fresh view tells if the session is Full.
func NearlyFull(v mirror.View, id ID) bool { return v.Attached(kv.LeaseID(id)) > nearlyFull }

// Full reports whether the session has all the tickets it may have. Its memos and its marker are no tickets.
func Full(v mirror.View, id ID) bool {
	attached := v.Attached(kv.LeaseID(id))
	return attached > MaxTickets && attached-memos(v, id)-1 >= MaxTickets
}
