package bench

import (
	"context"

	"github.com/cpgate/cpgate/client"
)

// NewSemaphores is work with semaphores of so many permits: acquire one and release it. It makes them; destroy clears up
// behind it, whether or not it could, and is to be called before the clients are closed.
func NewSemaphores(ctx context.Context, clients Clients, names Names, callers, permits int) (w Work, destroy func(context.Context) error, err error) {
	all := names.all(callers)
	destroy = func(ctx context.Context) error {
		return each(ctx, all, func(ctx context.Context, name string) error {
			_, err := clients[0].Semaphore(name).Destroy(ctx)
			return err
		})
	}
	if _, err = clients[0].Semaphore(all[0]).Destroy(ctx); err != nil { // who may not is told before there is anything
		return w, nothing, err
	}
	err = each(ctx, all, func(ctx context.Context, name string) error {
		_, err := clients[0].Semaphore(name).Init(ctx, permits)
		return err
	})
	semaphores := make([]*client.Semaphore, callers)
	for n := range semaphores {
		semaphores[n] = clients.of(n).Semaphore(names.of(n))
	}
	w = Work{
		Steps: []string{"acquire", "release"},
		Cycle: func(ctx context.Context, caller int, lap *Lap) error {
			p, err := semaphores[caller].Acquire(ctx, 1)
			if err != nil {
				return err
			}
			lap.Done()
			if err := p.Release(ctx); err != nil {
				return err
			}
			lap.Done()
			return nil
		},
	}
	return w, destroy, err
}
