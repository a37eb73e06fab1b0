package countdownlatch

import (
	"context"
	"fmt"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Get returns the latch in its round. The errors are a *keys.DamagedError, store.ErrUnavailable, and ctx's own.
func (l *Latches) Get(ctx context.Context, n keys.Name) (s State, err error) {
	var damaged error
	err = l.store.LookFresh(ctx, func(v mirror.View) {
		latch := look(v, n)
		s, damaged = latch.state(), latch.damaged()
	})
	if err == nil {
		err = damaged
	}
	if err != nil {
		return State{}, fmt.Errorf("getting latch %q: %w", n, err)
	}
	return s, nil
}

// List returns up to limit latches that were set, in the order of their keys and behind the page that ended with after,
// and what the page after this one comes behind: empty at the end. One whose record can't be read has a Count of 0, and
// Get says what is wrong with it. The errors are store.ErrUnavailable, and ctx's own.
func (l *Latches) List(ctx context.Context, after string, limit int) (page []State, next string, err error) {
	err = l.store.LookFresh(ctx, func(v mirror.View) { page, next = list(v, after, limit) })
	if err != nil {
		return nil, "", fmt.Errorf("listing latches: %w", err)
	}
	return page, next, nil
}

func list(v mirror.View, after string, limit int) (page []State, next string) {
	space := v.Space()
	if after != "" {
		after = look(v, keys.Name(after)).group
	}
	v.Groups(space.Latches(), after, func(group string) bool {
		n, ok := keys.NameOf(space.Latches(), group)
		if !ok {
			return true // nobody can ask for a latch of that name
		}
		s := look(v, n)
		if s.record == nil {
			return true // arrivals that nobody has deleted yet
		}
		if len(page) == limit {
			next = page[limit-1].Name
			return false
		}
		page = append(page, s.state())
		return true
	})
	return page, next
}
