package countdownlatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
)

// Round names a round of a latch: the revision of etcd in which it began. It rises from round to round, of a name also
// when it was destroyed in between. 0 is the round of a latch that was never set.
type Round int64

// MaxCount is how many arrivals a round takes at the most.
const MaxCount = 100_000

// The errors of this package. store.ErrUnavailable comes besides.
var (
	// ErrDestroyed means that the latch was destroyed while the call waited.
	ErrDestroyed = errors.New("the latch was destroyed")
	// ErrFutureRound means that the round was not reached yet.
	ErrFutureRound = errors.New("is a round not yet reached")
	// ErrCountOutOfRange means that a round can't begin with that count.
	ErrCountOutOfRange = fmt.Errorf("must be 1 to %d", MaxCount)
	// ErrTooManyArrivals means that the round has MaxCount arrivals already.
	ErrTooManyArrivals = fmt.Errorf("the round has %d arrivals, the most that one may have", MaxCount)
)

// SetRequest begins a round.
type SetRequest struct {
	Name      keys.Name
	Count     int32 // 1 to MaxCount
	RequestID string
	Attempt   int32 // 0 for the first one under this RequestID
}

// SetAnswer answers a SetRequest.
type SetAnswer struct {
	Set   bool // false: something still remains
	Round Round
}

// CountDownRequest arrives once.
type CountDownRequest struct {
	Name      keys.Name
	Round     Round // 0: the one that is on
	RequestID string
}

// CountDownAnswer answers a CountDownRequest.
type CountDownAnswer struct {
	Remaining int32
	Round     Round // the one that is on
}

// AwaitRequest waits until nothing remains of the round that is on.
type AwaitRequest struct {
	Name    keys.Name
	Timeout *time.Duration // how long to wait; nil: without limit; 0: not at all
}

// AwaitAnswer answers an AwaitRequest.
type AwaitAnswer struct {
	Completed bool
	Remaining int32
	Round     Round // the one waited for
}

// State is a latch in its round. A latch never set is all zeros but for its name.
type State struct {
	Name      string
	Count     int32
	Remaining int32
	Round     Round
}
