package session

import (
	"context"
	"fmt"

	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// Attend begins to wait for news of sessions, which it is to Follow. The wait must be stopped.
func (k *Keeper) Attend() *store.Wait { return k.Store.Attend() }

// Marker is the key of a session, which goes with it.
func (k *Keeper) Marker(id ID) string { return k.Store.Space.Session(int64(id)) }

// Gone returns which of the sessions are gone. The error is store.ErrUnavailable, or ctx's own.
func (k *Keeper) Gone(ctx context.Context, ids []ID) (gone []ID, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = k.Store.LookFresh(ctx, func(v mirror.View) {
		for _, id := range ids {
			if Live(v, id) == nil {
				gone = append(gone, id)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("looking for sessions: %w", err)
	}
	return gone, nil
}
