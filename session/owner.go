package session

import (
	"context"
	"fmt"

	"github.com/cpgate/cpgate/internal/mirror"
)

// Owner returns who opened the session. live is false for one that is gone. The error is store.ErrUnavailable, or
// ctx's own.
func (k *Keeper) Owner(ctx context.Context, id ID) (user string, live bool, err error) {
	if user, live = k.OwnerSeen(id); live {
		return user, live, nil
	}
	if err := k.Store.LookFresh(ctx, func(v mirror.View) { user, live = owner(v, id) }); err != nil {
		return "", false, fmt.Errorf("looking for session %s: %w", id, err)
	}
	return user, live, nil
}

// OwnerSeen returns what Owner does, as far as this gateway has seen by now.
func (k *Keeper) OwnerSeen(id ID) (user string, live bool) {
	k.Store.Look(func(v mirror.View) { user, live = owner(v, id) })
	return user, live
}

func owner(v mirror.View, id ID) (user string, live bool) {
	i := Live(v, id)
	if i == nil {
		return "", false
	}
	return describe(v, id, i).User, true
}
