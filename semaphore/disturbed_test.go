package semaphore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
)

// dice is a source of chance for many goroutines.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (d *dice) intN(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// disturb makes the gateway's mirror late now and then, and loses outcomes. What is late comes before what the gateway is
// answered next, since etcd's log keeps their order.
func (g *gateway) disturb(d *dice) {
	g.late.slow(func() time.Duration {
		if d.intN(30) == 0 {
			return time.Duration(d.intN(3000)) * time.Microsecond
		}
		return 0
	})
	g.lossy.lose(func() fate {
		if d.intN(20) > 0 {
			return answered
		}
		return []fate{unsent, lost, stuck}[d.intN(3)]
	})
}

const plenty = 9 // permits of the pool in these runs

// Callers that lose their connections, come back, through any gateway, or never do, and cancel; late mirrors and lost
// outcomes. No more is held than there is (S1), and once all is over and given back all is there again: nothing was lost,
// and nothing counted twice (S4, X2).
func TestDisturbed_NothingIsLostAndNothingCountsTwice(t *testing.T) {
	eachKind(t, setup{permits: plenty, gateways: 3, grace: 10 * time.Millisecond}, func(t *testing.T, gs []*gateway, who caller) {
		d := &dice{rng: rand.New(rand.NewPCG(1, 0))}
		var held atomic.Int64
		var all sync.WaitGroup
		inTime := budget(6 * time.Second)
		var workers []*walker
		for n := range 8 {
			k := &walker{w: gs[0].w, gs: gs, rng: rand.New(rand.NewPCG(2, uint64(n))), who: who(fmt.Sprint(n / 2)), name: fmt.Sprint(n), held: &held, byTicket: n%2 > 0}
			workers = append(workers, k)
		}
		for _, g := range gs {
			g.disturb(d)
		}
		for _, k := range workers {
			k.who.Owner = k.name
			all.Go(func() {
				for n := 0; n < scaled(150) && inTime() && !t.Failed(); n++ {
					k.work()
				}
			})
		}
		all.Wait()
		for _, g := range gs {
			g.lossy.lose(nil)
			g.lossy.onWay.Wait()
			g.lossy.moveOn()
		}
		var s semaphore.State
		for end := time.Now().Add(patience / 4); s.Available != plenty || s.HolderCount+s.WaiterCount > 0; time.Sleep(10 * time.Millisecond) {
			var err error
			if s, err = gs[0].Get(t.Context(), pool); err != nil || time.Now().After(end) {
				t.Fatalf("in the end %+v, %v; want %d available\n%s\n%s", s, err, plenty, stories(workers, s), strings.Join(gs[0].w.dump(), "\n"))
			}
		}
	})
}

// stories returns what the workers did, each what it did last.
func stories(workers []*walker, s semaphore.State) string {
	var left, all []string
	for _, h := range s.Holders {
		left = append(left, h.Key)
	}
	for _, w := range s.Waiters {
		left = append(left, w.Key)
	}
	for _, k := range workers {
		for _, line := range k.story {
			if slices.ContainsFunc(left, func(key string) bool {
				_, request, _ := strings.Cut(key, ".")
				return strings.Contains(line, "RequestID:"+request+" ") || strings.Contains(line, "RequestID:"+request+"}")
			}) {
				all = append(all, line)
			}
		}
		all = append(all, k.story[max(0, len(k.story)-5):]...)
	}
	return strings.Join(all, "\n")
}

// walker is one caller in such a run.
type walker struct {
	w        *world
	gs       []*gateway
	rng      *rand.Rand
	who      semaphore.Caller
	name     string
	held     *atomic.Int64 // by all, as far as they were told
	requests int
	ticket   string // what it got last
	// byTicket: it may never come back for what it asked, and gives back by ticket. Who does so by number would give
	// back, in the grace, what it was never told of.
	byTicket bool
	story    []string
}

func (k *walker) any() *gateway { return k.gs[k.rng.IntN(len(k.gs))] }

func (k *walker) next() string {
	k.requests++
	return fmt.Sprintf("%s-%d", k.name, k.requests)
}

// work gets some permits and gives them back.
func (k *walker) work() {
	var n semaphore.Permits
	if k.rng.IntN(8) == 0 {
		n = k.drain()
	} else {
		n = k.acquire()
	}
	if n <= 0 {
		return
	}
	if now := k.held.Add(int64(n)); now > plenty {
		k.w.t.Errorf("%d are held (S1)", now)
	}
	time.Sleep(time.Duration(k.rng.IntN(1000)) * time.Microsecond)
	k.held.Add(-int64(n))
	k.release(n)
}

// call makes one attempt of a call, and now and then leaves it before it is answered. It reports whether it must be made
// again.
func (k *walker) call(what string, patience time.Duration, do func(context.Context) error) (again bool) {
	ctx, leave := context.WithTimeout(k.w.t.Context(), patience)
	defer leave()
	if k.rng.IntN(4) == 0 {
		time.AfterFunc(time.Duration(k.rng.IntN(2000))*time.Microsecond, leave)
	}
	err := do(ctx)
	k.story = append(k.story, fmt.Sprintf("%s %s: %v", k.name, what, err))
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, store.ErrUnavailable):
		return true
	case err != nil:
		k.w.t.Errorf("%s: %v", what, err)
	}
	return false
}

func (k *walker) acquire() semaphore.Permits {
	r := acquireOf(k.who, k.next(), semaphore.Permits(1+k.rng.IntN(5)))
	if k.rng.IntN(3) > 0 {
		r.Timeout = within(time.Duration(k.rng.IntN(4)) * time.Millisecond)
	}
	var a semaphore.AcquireAnswer
	for ; ; r.Attempt++ {
		switch again := k.call(fmt.Sprintf("%+v", r), 20*time.Millisecond, func(ctx context.Context) (err error) {
			a, err = k.any().Acquire(ctx, r)
			return err
		}); {
		case again && k.rng.IntN(3) > 0:
		case again && r.Attempt == 0 && k.byTicket:
			return 0 // never comes back
		case again:
			k.cancel(r.RequestID)
			return 0
		case a.Acquired:
			k.ticket = r.RequestID
			return r.Permits
		default:
			return 0
		}
	}
}

func (k *walker) drain() (n semaphore.Permits) {
	r := semaphore.DrainRequest{Name: pool, Caller: k.who, RequestID: k.next()}
	for k.call(fmt.Sprintf("%+v", r), patience, func(ctx context.Context) (err error) {
		n, err = k.any().Drain(ctx, r)
		return err
	}) {
		r.Attempt++
	}
	k.ticket = r.RequestID
	return n
}

func (k *walker) cancel(request string) {
	r := semaphore.CancelRequest{Name: pool, Caller: k.who, RequestID: request}
	for again := true; again; {
		again = k.call(fmt.Sprintf("%+v", r), patience, func(ctx context.Context) error {
			_, err := k.any().Cancel(ctx, r)
			return err
		})
	}
}

func (k *walker) release(n semaphore.Permits) {
	r := semaphore.ReleaseRequest{Name: pool, Caller: k.who, RequestID: k.next()}
	if k.byTicket && k.who.Session != 0 {
		r.Ticket = k.ticket
	} else {
		r.Permits = n
	}
	for k.call(fmt.Sprintf("%+v", r), patience, func(ctx context.Context) error {
		a, err := k.any().Release(ctx, r)
		if err == nil && a.Released != n && (!a.AlreadyReleased || r.Attempt == 0) {
			err = fmt.Errorf("released %+v", a)
		}
		return err
	}) {
		r.Attempt++
	}
}
