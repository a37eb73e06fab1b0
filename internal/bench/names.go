package bench

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate/client"
)

// Names says what the callers' locks, semaphores or latches are called.
type Names struct {
	// Prefix begins every name. It is to be one that nobody else uses.
	Prefix string
	// Hot is set where all callers use the same one, instead of one each.
	Hot bool
}

// of is the name for a caller.
func (n Names) of(caller int) string {
	if n.Hot {
		return n.Prefix + "hot"
	}
	return fmt.Sprintf("%s%d", n.Prefix, caller)
}

// all are the names for so many callers.
func (n Names) all(callers int) (names []string) {
	if n.Hot {
		callers = 1
	}
	for caller := range callers {
		names = append(names, n.of(caller))
	}
	return names
}

// Clients are those through which callers go in turn.
type Clients []*client.Client

func (c Clients) of(caller int) *client.Client { return c[caller%len(c)] }

const (
	// together is how many calls at a time are made for what is not measured.
	together = 64
	// unhurried is how long a call may take that is not to be cut off.
	unhurried = 10 * time.Second
)

// each does something about each of the items, several at a time, until one fails.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(together)
	for _, item := range items {
		group.Go(func() error {
			return uncut(ctx, func(ctx context.Context) error { return do(ctx, item) })
		})
	}
	return group.Wait()
}

// nothing is what there is to clear up where nothing was made.
func nothing(context.Context) error { return nil }

// uncut makes a call that is begun before ctx ends and not cut off by that. Of one that is, nobody could tell when it is
// over, so that what it makes might come after what clears up.
func uncut(ctx context.Context, call func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unhurried)
	defer cancel()
	return call(ctx)
}
