package fencedlock

import (
	"context"
	"fmt"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Get returns the lock with its line. A name never used is a free lock.
func (l *Locks) Get(ctx context.Context, n keys.Name) (s State, err error) {
	err = l.store.LookFresh(ctx, func(v mirror.View) {
		name := v.Space().LockLine(n)
		s = state(n, name, v.Line(name), MaxWaitersShown)
	})
	if err != nil {
		return State{}, fmt.Errorf("getting lock %q: %w", n, err)
	}
	return s, nil
}

// List returns up to limit locks that are held, without their waiters, in the order of their keys and behind the
// page that ended with after, and what the page after this one comes behind: empty at the end.
func (l *Locks) List(ctx context.Context, after string, limit int) (page []State, next string, err error) {
	err = l.store.LookFresh(ctx, func(v mirror.View) { page, next = list(v, after, limit) })
	if err != nil {
		return nil, "", fmt.Errorf("listing locks: %w", err)
	}
	return page, next, nil
}

func list(v mirror.View, after string, limit int) (page []State, next string) {
	space := v.Space()
	if after != "" {
		after = space.LockLine(keys.Name(after))
	}
	v.Groups(space.Locks(), after, func(line string) bool {
		n, ok := keys.NameOf(space.Locks(), line)
		if !ok {
			return true // nobody can ask for a lock of that name
		}
		if len(page) == limit {
			next = page[limit-1].Name
			return false
		}
		page = append(page, state(n, line, v.Line(line), 0))
		return true
	})
	return page, next
}

// state describes a lock and up to most of its waiters.
func state(n keys.Name, name string, l *line.Line, most int) State {
	s := State{Name: string(n)}
	if l.Len() == 0 {
		return s
	}
	head := l.Head()
	holder := describe(name, head, 0)
	s.Holder, s.Fence, s.HoldCount, s.WaiterCount = &holder, holder.Fence, 1, l.Len()-1
	if v, ok := decode(head); ok && !holder.Foreign {
		s.HoldCount = len(v.Holds)
	}
	for n := 1; n < l.Len() && n <= most; n++ {
		s.Waiters = append(s.Waiters, describe(name, l.At(n), n))
	}
	return s
}
