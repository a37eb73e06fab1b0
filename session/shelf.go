package session

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
)

// What is remembered of requests without a session lives on leases that the gateway takes in turn: one is put on for
// shelfFor, and lives for as long again behind that, so that each memo lives for shelfFor at the least.
const (
	shelfFor = 10 * time.Minute
	shelfTTL = 2 * shelfFor
)

// shelf is the lease that is put on now. A new one has none yet.
type shelf struct {
	room  chan struct{} // has place for the one who looks at what follows, or takes another lease
	id    kv.LeaseID
	until time.Time // puts on it end here
}

func newShelf() shelf { return shelf{room: make(chan struct{}, 1)} }

// drop makes the next call take another lease.
func (s *shelf) drop() {
	s.room <- struct{}{}
	defer func() { <-s.room }()
	s.until = time.Time{}
}

// Shelf returns a lease for what is to be remembered for ten minutes, of calls that have no session. The error is
// store.ErrUnavailable, ctx's own, or store.ErrFull: then the lease is one that, as far as is known, is not there.
func (k *Keeper) Shelf(ctx context.Context) (kv.LeaseID, error) {
	select {
	case k.shelf.room <- struct{}{}:
		defer func() { <-k.shelf.room }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	now := time.Now()
	if now.Before(k.shelf.until) {
		return k.shelf.id, nil
	}
	id := ID(1 + rand.Int64N(math.MaxInt64))
	if _, err := k.leases.grant(ctx, id, int64(shelfTTL/time.Second)); err != nil {
		return kv.LeaseID(id), fmt.Errorf("taking a lease for memos: %w", err)
	}
	k.shelf.id, k.shelf.until = kv.LeaseID(id), now.Add(shelfFor)
	return k.shelf.id, nil
}
