package semaphore

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/session"
)

// Permits counts permits.
type Permits int32

// Bounds of what may be there and of what may be available.
const (
	MaxPermits Permits = math.MaxInt32
	MinPermits Permits = math.MinInt32
)

// Caller is who acquires and releases. A zero Session stands for none: the call is for a sessionless semaphore. Owner
// tells apart the callers within one session; it may be empty.
type Caller struct {
	Session session.ID
	Owner   string
}

// The errors of this package. session.ErrExpired and store.ErrUnavailable come besides.
var (
	// ErrPermitsNotHeld means that the session holds fewer permits than it was to release.
	ErrPermitsNotHeld = errors.New("the session does not hold that many permits")
	// ErrWaitCancelled means that the wait was cancelled, or taken up by a later attempt of the same request.
	ErrWaitCancelled = errors.New("the wait was cancelled, or taken up by a later attempt of the same request")
	// ErrDestroyed means that the semaphore was destroyed while the call waited.
	ErrDestroyed = errors.New("the semaphore was destroyed")
	// ErrNotInitialized means that the semaphore has no permits yet.
	ErrNotInitialized = errors.New("the semaphore is not initialized")
	// ErrOutOfRange means that the permits would leave the range from MinPermits to MaxPermits.
	ErrOutOfRange = fmt.Errorf("the permits would leave the range from %d to %d", MinPermits, MaxPermits)
)

// KindError means that the call was meant for the other kind of semaphore.
type KindError struct{ Sessionless bool } // what the semaphore is

func (e *KindError) Error() string {
	if e.Sessionless {
		return "must be absent: the semaphore is sessionless"
	}
	return "is missing: the semaphore is session-aware"
}

// InitRequest gives a semaphore its permits.
type InitRequest struct {
	Name        keys.Name
	Permits     Permits
	Sessionless bool
	RequestID   string
}

// AcquireRequest asks for permits.
type AcquireRequest struct {
	Name      keys.Name
	Caller    Caller
	Permits   Permits // 1 or more
	RequestID string
	Attempt   int32          // 0 for the first one under this request id
	Timeout   *time.Duration // how long to wait; nil: without limit; 0: not at all
}

// AcquireAnswer answers an AcquireRequest.
type AcquireAnswer struct {
	Acquired  bool
	Available Permits // when not acquired: how many were; less than 0 where more are held than there are to be
	Position  int     // the last place in line before giving up: 1 is next to be admitted; 0 when it did not wait
}

// CancelRequest ends what the AcquireRequest with that request id began.
type CancelRequest struct {
	Name      keys.Name
	Caller    Caller
	RequestID string
}

// ReleaseRequest gives permits back: those of one ticket where Ticket is set, else that many.
type ReleaseRequest struct {
	Name      keys.Name
	Caller    Caller
	Ticket    string // the request id of the acquire, or drain, that got them; needs a session
	Permits   Permits
	RequestID string
	Attempt   int32
}

// ReleaseAnswer answers a ReleaseRequest.
type ReleaseAnswer struct {
	Released        Permits
	AlreadyReleased bool // the ticket was gone already
}

// DrainRequest takes all that is available.
type DrainRequest struct {
	Name      keys.Name
	Caller    Caller
	RequestID string
	Attempt   int32
}

// ChangeRequest adds permits to those that there are, or removes some where By is negative. 64 bits, so that every
// number of permits has its negative.
type ChangeRequest struct {
	Name      keys.Name
	By        int64
	RequestID string
	Attempt   int32
}

// State is a semaphore with its line.
type State struct {
	Name        string
	Initialized bool
	Sessionless bool
	Permits     Permits  // how many may be held at a time; 0 when sessionless
	Available   Permits  // may be less than 0
	Holders     []Holder // the first MaxShown
	HolderCount int
	Waiters     []Waiter // the first MaxShown
	WaiterCount int
}

// Holder is a session that holds permits.
type Holder struct {
	Session session.ID // 0 when foreign
	Permits Permits
	Since   time.Time
	Foreign bool
	Key     string // of its oldest ticket
}

// Waiter is one place in a semaphore's line.
type Waiter struct {
	Caller   Caller // zero when foreign; without a session when sessionless
	Permits  Permits
	Since    time.Time
	Position int // 1 is next
	Foreign  bool
	Key      string
}

// MaxShown is how many holders, and how many waiters, a State lists.
const MaxShown = 1000
