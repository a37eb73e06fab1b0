package session

import (
	"context"
	"fmt"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// List returns up to limit sessions of one user, or of all where user is empty, in the order of their markers, behind
// the page that ended with the id after, and what the page after this one comes behind: empty at the end. The error is
// store.ErrUnavailable, or ctx's own.
func (k *Keeper) List(ctx context.Context, user, after string, limit int) (page []Session, next string, err error) {
	err = k.Store.LookFresh(ctx, func(v mirror.View) { page, next = list(v, user, after, limit) })
	if err != nil {
		return nil, "", fmt.Errorf("listing sessions: %w", err)
	}
	return page, next, nil
}

func list(v mirror.View, user, after string, limit int) (page []Session, next string) {
	space, from := v.Space(), ""
	if after != "" {
		from = space.Sessions() + after + "\x00"
	}
	v.Scan(space.Sessions(), from, func(i *kv.Item) bool {
		sid, ok := space.SessionOf(i.Key)
		if !ok || Live(v, ID(sid)) == nil {
			return true
		}
		found := describe(v, ID(sid), i)
		if user != "" && found.User != user {
			return true
		}
		if len(page) == limit {
			next = page[limit-1].ID.String()
			return false
		}
		page = append(page, found)
		return true
	})
	return page, next
}
