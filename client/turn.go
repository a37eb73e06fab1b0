package client

import (
	"context"
	"errors"
)

// turn has room for one call of an owner: two waiting at once would end each other's wait. Nil has room for all.
type turn chan struct{}

// errNoTurn ends the wait of a try for its turn.
var errNoTurn = errors.New("another call of this owner is waiting")

// enter waits for the turn, for which leave has to follow. It answers false when the time of a try is up
// before: the owner's other call is still waiting for the lock, so this one could not have it either.
func (t turn) enter(ctx context.Context, w wait) (bool, error) {
	if t == nil {
		return true, nil
	}
	select {
	case t <- struct{}{}: // also when the time is up already: a try of a free handle is always sent
		return true, nil
	default:
	}
	if w.limited() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, w.until, errNoTurn)
		defer cancel()
	}
	select {
	case t <- struct{}{}:
		return true, nil
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, errNoTurn) {
			return false, cause
		}
		return false, nil
	}
}

func (t turn) leave() {
	if t != nil {
		<-t
	}
}
