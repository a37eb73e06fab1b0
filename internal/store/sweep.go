package store

import (
	"context"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Sweep commits, until ctx ends, what abandoned finds to do about the calls of gateways that are gone, each once the
// store's grace has passed since it was found.
func (s *Store) Sweep(ctx context.Context, abandoned func(mirror.View) []kv.Txn) {
	wait := s.Attend(s.Space.Gateways())
	defer wait.Stop()
	for {
		var found []kv.Txn
		s.Look(func(v mirror.View) { found = abandoned(v) })
		select {
		case <-time.After(s.Grace):
		case <-ctx.Done():
			return
		}
		if len(found) > 0 { // another look tells whether that was all, or has changed meanwhile
			for _, t := range found {
				_, _ = s.Commit(t)
			}
			continue
		}
		select {
		case <-wait.News():
		case <-ctx.Done():
			return
		}
	}
}
