package fencedlock_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
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

// disturb makes the gateway's mirror late now and then, and loses outcomes.
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
		return []fate{unsent, lost, overdue, stuck}[d.intN(4)]
	})
}

// Give-up, retry, take-over, cancel, hand-over, session close and forceUnlock race through three gateways with late
// mirrors and lost outcomes. No hold is lost, none counted twice, and in the end nothing is left (L1 to L5, S4, X1, X2).
func TestRaces_NoHoldIsLostNoneCountedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grace = 10 * time.Millisecond
	gs := []*gateway{w.gateway(), w.gateway(), w.gateway()}
	d := &dice{rng: rand.New(rand.NewPCG(1, 0))}
	for _, g := range gs {
		g.disturb(d)
	}
	const atOnce = 8
	var all sync.WaitGroup
	var next atomic.Int64
	inTime := budget(12 * time.Second)
	for range atOnce {
		all.Go(func() {
			for n := next.Add(1); n <= int64(scaled(500)) && inTime() && !t.Failed(); n = next.Add(1) {
				race(t, w, gs, uint64(n))
			}
		})
	}
	all.Wait()
	t.Logf("%d runs", next.Load()-atOnce)
}

// race is one random run on a lock of its own.
func race(t *testing.T, w *world, gs []*gateway, seed uint64) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rec, lock := &record{}, keys.Name(fmt.Sprintf("race%d", seed))
	var workers []*worker
	var all sync.WaitGroup
	for n := range 4 {
		k := &worker{
			name: string(rune('a' + n)), lock: lock, rng: rand.New(rand.NewPCG(seed, uint64(n))),
			gateways: gs, rec: rec, ctx: ctx,
		}
		workers = append(workers, k)
		all.Go(func() {
			k.open()
			for range 8 {
				k.work()
			}
			k.end()
		})
	}
	all.Wait()
	faults := rec.verdict()
	if err := ctx.Err(); err != nil {
		faults = append(faults, "it hangs")
	}
	faults = append(faults, leftovers(ctx, w, gs[0], lock, workers)...)
	if len(faults) > 0 && !t.Failed() {
		t.Errorf("seed %d: %s\n%s", seed, strings.Join(faults, "\n"), strings.Join(stories(workers), "\n"))
	}
}

// leftovers returns what is still in line when all calls are over and their graces have passed, and what is left of
// the sessions when these are closed.
func leftovers(ctx context.Context, w *world, g *gateway, lock keys.Name, workers []*worker) (faults []string) {
	for empty := false; !empty; time.Sleep(time.Millisecond) {
		empty = len(w.seats(string(lock))) == 0
		if ctx.Err() != nil {
			faults = append(faults, fmt.Sprintf("still in line: %+v", w.seats(string(lock))))
			break
		}
	}
	for _, k := range workers {
		for {
			if _, err := g.sessions.Close(ctx, k.who.Session); err == nil || ctx.Err() != nil {
				break
			}
		}
		if memos := w.keys(w.space.SessionMemos(int64(k.who.Session))); len(memos) > 0 {
			faults = append(faults, fmt.Sprintf("left of session %s: %v", k.who.Session, memos))
		}
	}
	return faults
}

// stories returns what the workers did, in the order in which they did it.
func stories(workers []*worker) (all []string) {
	for _, k := range workers {
		all = append(all, k.story...)
	}
	slices.SortFunc(all, func(a, b string) int {
		var x, y int
		_, _ = fmt.Sscan(a, &x)
		_, _ = fmt.Sscan(b, &y)
		return x - y
	})
	return all
}

// For a fixed order of the queue nobody overtakes (L4), whatever retries, take-overs and other waiters' leaving happen
// meanwhile.
func TestRaces_NobodyOvertakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grace = patience // whoever comes back does so in time, however busy the machine
	gs := []*gateway{w.gateway(), w.gateway(), w.gateway()}
	d := &dice{rng: rand.New(rand.NewPCG(2, 0))}
	for _, g := range gs {
		g.late.slow(func() time.Duration { return time.Duration(d.intN(5)/4*d.intN(2000)) * time.Microsecond })
	}
	inTime := budget(8 * time.Second)
	for n := 0; n < scaled(15) && inTime(); n++ {
		queue(t, w, gs, d, fmt.Sprintf("queue%d", n))
	}
}

const queueLength = 12

func queue(t *testing.T, w *world, gs []*gateway, d *dice, lock string) {
	some := func() *gateway { return gs[d.intN(len(gs))] }
	callers := make([]fencedlock.Caller, queueLength)
	waits := make([]*pending, queueLength)
	requests := make([]fencedlock.LockRequest, queueLength)
	for n := range callers {
		callers[n] = fencedlock.Caller{Session: some().session(fmt.Sprintf("%s/%d", lock, n), 60)}
		requests[n] = request(lock, callers[n], fmt.Sprintf("r%d", n))
		waits[n] = some().begin(requests[n])
		w.inLine(lock, requests[n].RequestID)
	}
	order := w.seats(lock)
	for range 2 * queueLength {
		n := 1 + d.intN(queueLength-1)
		switch d.intN(3) {
		case 0: // leaves and comes back
			waits[n].leave()
			requests[n].Attempt++
		case 1: // asks again, the older attempt still waiting
			requests[n].Attempt++
		default: // asks anew
			requests[n].RequestID += "'"
			requests[n].Attempt = 0
		}
		was := w.seats(lock)[n].mod
		waits[n] = some().begin(requests[n])
		w.eventually("the ticket is taken up", func() bool { return w.seats(lock)[n].mod > was })
	}
	var last fencedlock.Fence
	for n, p := range waits {
		got := p.held()
		if int64(got.Fence) != order[n].fence || got.Fence <= last {
			t.Errorf("%d-th of %s holds under %d, stood at %d, the one before held under %d", n, lock, got.Fence, order[n].fence, last)
		}
		last = got.Fence
		for _, behind := range waits[n+1:] {
			if behind.over() {
				t.Errorf("somebody overtook the %d-th of %s", n, lock)
			}
		}
		r := fencedlock.UnlockRequest{Name: keys.Name(lock), Caller: callers[n], RequestID: "u", Fence: got.Fence}
		if u, err := some().Unlock(t.Context(), r); err != nil || u.HoldCount != 0 || u.AlreadyReleased {
			t.Fatalf("unlocking got %+v, %v", u, err)
		}
	}
}
