package client

import (
	"context"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// LatchState is a latch as it was at one moment; all zeros for one that was never set.
type LatchState struct {
	// Count is what the round began with.
	Count int
	// Remaining is how many arrivals are missing.
	Remaining int
	// Round is the round that is on.
	Round Round
}

// Get looks at the latch, as it was at one moment of the call.
//
// Errors: ErrInvalidName, ErrDamaged, ErrClosed, the cause of ctx.
func (l *Latch) Get(ctx context.Context) (LatchState, error) {
	r, err := brief(ctx, l.c, "looking at", l.name, func(ctx context.Context, a attempt) (*cpgatev1.GetLatchResponse, error) {
		return l.on(a).GetLatch(ctx, &cpgatev1.GetLatchRequest{Name: l.name})
	})
	if err != nil {
		return LatchState{}, err
	}
	s := r.GetLatch()
	return LatchState{Count: int(s.GetCount()), Remaining: int(s.GetRemaining()), Round: Round(s.GetRound())}, nil
}

// Destroy removes the latch; whoever awaits it gets ErrDestroyed. It can be set anew at once. The answer is false when
// there was nothing to destroy, also because an attempt whose answer got lost did it.
//
// Errors: ErrInvalidName, ErrClosed, the cause of ctx.
func (l *Latch) Destroy(ctx context.Context) (bool, error) {
	r, err := brief(ctx, l.c, "destroying", l.name, func(ctx context.Context, a attempt) (*cpgatev1.DestroyLatchResponse, error) {
		return l.on(a).DestroyLatch(ctx, &cpgatev1.DestroyLatchRequest{Name: l.name})
	})
	return r.GetDestroyed(), err
}
