package client

import (
	"context"
	"errors"
	"time"
)

// errNoTurn ends the wait of a try for its turn.
var errNoTurn = errors.New("another call of this owner is waiting")

// enter waits for the handle's turn, for which leave has to follow. It answers false when the time of a try is up
// before: the owner's other call is still waiting for the lock, so this one could not have it either.
func (l *Lock) enter(ctx context.Context, until *time.Time) (bool, error) {
	if l.turn == nil {
		return true, nil
	}
	select {
	case l.turn <- struct{}{}: // also when the time is up already: a try of a free handle is always sent
		return true, nil
	default:
	}
	if until != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, *until, errNoTurn)
		defer cancel()
	}
	select {
	case l.turn <- struct{}{}:
		return true, nil
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, errNoTurn) {
			return false, cause
		}
		return false, nil
	}
}

func (l *Lock) leave() {
	if l.turn != nil {
		<-l.turn
	}
}
