package tests_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/cpgate/cpgate/client"
)

// works is where the workers work: several locks, each with the room that it protects.
type works struct {
	*rig
	clients []*client.Client
	all     []worker
	loops   atomic.Int64
	failed  atomic.Bool

	mu    sync.Mutex
	rooms map[string]*room
}

type worker struct {
	name   string
	crew   int
	client *client.Client
}

func newWorks(r *rig, endpoints ...string) *works {
	w := &works{rig: r, rooms: map[string]*room{}}
	for crew := range crews {
		c := must(client.NewWith(client.Config{
			Endpoints: append([]string{r.addr}, endpoints...), Logger: slog.New(slog.DiscardHandler),
		}))(r.T)
		r.Cleanup(func() { _ = c.Close() })
		w.clients = append(w.clients, c)
		for hand := range hands {
			w.all = append(w.all, worker{name: fmt.Sprintf("%d-%d", crew, hand), crew: crew, client: c})
		}
	}
	return w
}

// sessions are the clients', in their order.
func (w *works) sessions() (ids []string) {
	w.Helper()
	for _, c := range w.clients {
		ids = append(ids, must(c.SessionID(w.soon()))(w.T))
	}
	return ids
}

// begin sets everybody to work, until stop is called; that waits for each to end the turn it is at.
func (w *works) begin() (stop func()) {
	var over atomic.Bool
	var at sync.WaitGroup
	for _, who := range w.all {
		at.Go(func() {
			for !over.Load() && !w.failed.Load() {
				if err := w.turnInTime(who); err != nil {
					w.failed.Store(true)
					w.Errorf("worker %s: %v", who.name, err)
				}
				w.loops.Add(1)
			}
		})
	}
	return func() {
		over.Store(true)
		at.Wait()
	}
}

// turnInTime is a turn that must not hang.
func (w *works) turnInTime(who worker) error {
	ctx, cancel := context.WithTimeoutCause(w.Context(), 3*soon, errors.New("the workers are stuck"))
	defer cancel()
	return w.turn(ctx, who)
}

// awaitLoops waits until the workers have had that many more turns.
func (w *works) awaitLoops(n int64) {
	w.Helper()
	until := w.loops.Load() + n
	w.await("the workers", func() bool { return w.loops.Load() >= until || w.failed.Load() })
}

// choose picks the lock for a turn, one of all workers', of ten workers' of all crews, of a crew's, or of nobody
// else's, and how often to take it.
func choose(who worker) (name string, times int) {
	names := []string{"all", "hand-" + who.name[2:], fmt.Sprintf("crew-%d", who.crew), "own-" + who.name}
	return names[rand.IntN(len(names))], 1 + max(0, rand.IntN(5)-2)
}

// handle is the worker's on a lock: a reentrant one is locked under the worker's name.
func (w *works) handle(who worker, name string, reentrant bool) *client.Lock {
	if reentrant {
		return who.client.Lock(name, client.Owner(who.name))
	}
	return who.client.Lock(name)
}

func (w *works) room(name string) *room {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rooms[name] == nil {
		w.rooms[name] = &room{}
	}
	return w.rooms[name]
}

// again takes a lock that is held so many times more.
func again(ctx context.Context, l *client.Lock, fence client.Fence, times int) error {
	for range times {
		got, err := l.Lock(ctx)
		if err != nil {
			return err
		}
		if got != fence {
			return fmt.Errorf("locking again gave fence %d, held is %d", got, fence)
		}
	}
	return nil
}

// giveBack unlocks so many times.
func giveBack(ctx context.Context, l *client.Lock, times int) error {
	for range times {
		if err := l.Unlock(ctx); err != nil {
			return err
		}
	}
	return nil
}
