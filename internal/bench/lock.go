package bench

import (
	"context"

	"github.com/cpgate/cpgate/client"
)

// NewLocks is work with locks: lock and unlock. Closing the clients clears up behind it.
func NewLocks(clients Clients, names Names, callers int) Work {
	locks := make([]*client.Lock, callers)
	for n := range locks {
		locks[n] = clients.of(n).Lock(names.of(n))
	}
	return Work{
		Steps:    []string{"lock", "unlock"},
		OneHolds: names.Hot,
		Cycle: func(ctx context.Context, caller int, lap *Lap) error {
			if _, err := locks[caller].Lock(ctx); err != nil {
				return err
			}
			lap.Done()
			if err := locks[caller].Unlock(ctx); err != nil {
				return err
			}
			lap.Done()
			return nil
		},
	}
}
