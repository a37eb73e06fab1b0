package fencedlock

import (
	"errors"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/session"
)

// Fence numbers the holds of a lock: each new holder's is above all before it. 0 is never a fence.
type Fence int64

// Caller is who holds a lock or waits for it. Owner tells apart the callers within one session; it may be empty.
type Caller struct {
	Session session.ID
	Owner   string
}

// MaxHolds is how often one caller may hold one lock at the same time where no lower limit is configured. It
// keeps a ticket's value far below what etcd takes.
const MaxHolds = 1000

// The errors of this package. session.ErrExpired, session.ErrTooManyTickets, *keys.DamagedError and
// store.ErrUnavailable come besides.
var (
	// ErrNotHolder means that the caller does not hold the lock, or not under that fence.
	ErrNotHolder = errors.New("the caller does not hold the lock, or not under that fence")
	// ErrOwnershipLost means that the hold was taken away by force.
	ErrOwnershipLost = errors.New("the hold was taken away by force")
	// ErrWaitCancelled means that the wait was cancelled, or taken over by a newer call of the same caller.
	ErrWaitCancelled = errors.New("the wait was cancelled, or taken over by a newer call of the same caller")
)

// LockRequest asks for a lock.
type LockRequest struct {
	Name      keys.Name
	Caller    Caller
	RequestID string
	Attempt   int32          // 0 for the first one under this request id
	Timeout   *time.Duration // how long to wait; nil: without limit; 0: not at all
}

// Outcome is what became of a LockRequest.
type Outcome int

// The outcomes. The zero Outcome is none.
const (
	_ Outcome = iota
	Acquired
	NotAcquired
	LimitReached
)

// LockAnswer answers a LockRequest.
type LockAnswer struct {
	Outcome   Outcome
	Fence     Fence   // of the caller's hold; 0 when NotAcquired
	HoldCount int     // how often the caller holds the lock
	Holder    *Ticket // who does, when NotAcquired; nil when it was let go in that moment
	Position  int     // the last place in line before giving up: 1 is next to hold; 0 when it did not wait
}

// UnlockRequest gives one hold back.
type UnlockRequest struct {
	Name      keys.Name
	Caller    Caller
	Fence     Fence // of the hold; 0: whichever the caller has
	RequestID string
}

// UnlockAnswer answers an UnlockRequest.
type UnlockAnswer struct {
	HoldCount       int  // how often the caller still holds the lock
	AlreadyReleased bool // the hold of that fence was gone already
}

// CancelRequest ends what the LockRequest with that request id began.
type CancelRequest struct {
	Name      keys.Name
	Caller    Caller
	RequestID string
}

// Ticket is one place in a lock's line.
type Ticket struct {
	Caller   Caller // zero when foreign
	Since    time.Time
	Fence    Fence
	Position int // 0 holds, 1 is next
	Foreign  bool
	Key      string
}

// State is a lock with its line. A free lock has fence 0.
type State struct {
	Name        string
	Fence       Fence
	HoldCount   int
	Holder      *Ticket
	Waiters     []Ticket // the first MaxWaitersShown
	WaiterCount int
}

// MaxWaitersShown is how many waiters a State lists.
const MaxWaitersShown = 1000
