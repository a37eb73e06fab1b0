package countdownlatch_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
)

var runs = flag.Int("countdownlatch.runs", 1, "how often the usual number of random runs")

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
		if d.intN(10) == 0 {
			return time.Duration(d.intN(2000)) * time.Microsecond
		}
		return 0
	})
	g.lossy.lose(func() fate {
		if d.intN(10) > 0 {
			return answered
		}
		return []fate{unsent, lost, overdue, stuck}[d.intN(4)]
	})
}

// Rounds of many workers, repeated arrivals, late ones of the rounds before, waits and vain sets race through three
// gateways with late mirrors and lost outcomes. No arrival is lost, none counts twice, and nobody is told of zero before
// it was reached (C1 to C3, X3).
func TestRaces_NoArrivalIsLostNoneCountsTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(3)
	d := &dice{rng: rand.New(rand.NewPCG(1, 0))}
	for _, g := range gs {
		g.disturb(d)
	}
	const atOnce = 8
	most, end := int64(200**runs), time.Now().Add(8*time.Second*time.Duration(*runs))
	if testing.Short() {
		most /= 5
	}
	var all sync.WaitGroup
	var next atomic.Int64
	for range atOnce {
		all.Go(func() {
			for n := next.Add(1); n <= most && time.Now().Before(end) && !t.Failed(); n = next.Add(1) {
				newRace(w, gs, uint64(n)).run()
			}
		})
	}
	all.Wait()
	t.Logf("%d runs", next.Load()-atOnce)
}

// race is one random run on a latch of its own.
type race struct {
	w        *world
	gateways []*gateway
	seed     uint64
	dice     *dice
	latch    keys.Name
	ctx      context.Context

	round         countdownlatch.Round
	past          []countdownlatch.Round
	count         int
	begun, ended  atomic.Int64 // arrivals in the round, of those that count
	mu            sync.Mutex
	story, faults []string
}

func newRace(w *world, gs []*gateway, seed uint64) *race {
	return &race{
		w: w, gateways: gs, seed: seed, latch: keys.Name(fmt.Sprintf("race%d", seed)),
		dice: &dice{rng: rand.New(rand.NewPCG(seed, 1))},
	}
}

func (r *race) run() {
	var cancel context.CancelFunc
	r.ctx, cancel = context.WithTimeout(r.w.t.Context(), patience)
	defer cancel()
	for n := range 4 {
		r.play(n)
	}
	if left := r.w.rounds(string(r.latch)); len(left) > 2 {
		r.faultf("arrivals of the rounds %v are left", left)
	}
	for _, k := range r.w.keys() {
		if strings.Contains(string(k.Key), string(r.latch)+"/") && k.ModRevision != k.CreateRevision {
			r.faultf("%s was put again: it tells the first time no more", k.Key)
		}
	}
	until(r, "destroy", func() (bool, error) { return r.some().Destroy(r.ctx, r.latch) })
	if s := r.look(); s.Round != 0 {
		r.faultf("destroyed, it is %+v", s)
	}
	if left := r.w.rounds(string(r.latch)); len(left) > 0 {
		r.faultf("destroyed, arrivals of the rounds %v are left", left)
	}
	if len(r.faults) > 0 {
		r.w.t.Errorf("seed %d: %s\n%s", r.seed, strings.Join(r.faults, "\n"), strings.Join(r.story, "\n"))
	}
}

// play plays the n-th round.
func (r *race) play(n int) {
	r.count = 1 + r.dice.intN(5)
	r.begun.Store(0)
	r.ended.Store(0)
	set := r.set(fmt.Sprintf("s%d", n), int32(r.count))
	if !set.Set || set.Round <= r.round {
		r.faultf("round %d: set got %+v after round %d", n, set, r.round)
		return
	}
	r.round = set.Round
	var all sync.WaitGroup
	for range 2 {
		all.Go(r.await)
	}
	for range r.dice.intN(3) {
		all.Go(func() { r.late(n) })
	}
	all.Go(r.get)
	var but1 sync.WaitGroup
	for k := range r.count {
		if k < r.count-1 {
			but1.Go(func() { r.arrive(n, k) })
			continue
		}
		if a := r.set(fmt.Sprintf("vain%d", n), 7); a.Set || a.Round != r.round {
			r.faultf("round %d: a vain set got %+v", n, a)
		}
		r.arrive(n, k)
	}
	but1.Wait()
	all.Wait()
	if a := r.look(); a.Remaining != 0 || a.Round != r.round || int(a.Count) != r.count {
		r.faultf("round %d of %d: in the end it is %+v", r.round, r.count, a)
	}
	r.past = append(r.past, r.round)
}

// arrive arrives once, asked up to three times.
func (r *race) arrive(n, k int) {
	r.begun.Add(1)
	id := fmt.Sprintf("c%d.%d", n, k)
	q := countdownlatch.CountDownRequest{Name: r.latch, RequestID: id}
	if r.dice.intN(2) == 0 {
		q.Round = r.round
	}
	var all sync.WaitGroup
	for range 1 + r.dice.intN(3) {
		all.Go(func() {
			r.bounded(id, func() (countdownlatch.CountDownAnswer, error) { return r.some().CountDown(r.ctx, q) })
		})
	}
	all.Wait()
	r.ended.Add(1)
}

// late repeats an arrival of a round before, or means one: neither counts.
func (r *race) late(n int) {
	if len(r.past) == 0 {
		return
	}
	q := countdownlatch.CountDownRequest{Name: r.latch, RequestID: fmt.Sprintf("c%d.0", n-1)}
	if r.dice.intN(2) == 0 {
		q.RequestID = fmt.Sprintf("late%d", r.dice.intN(1000))
		q.Round = r.past[r.dice.intN(len(r.past))]
	}
	r.bounded(q.RequestID, func() (countdownlatch.CountDownAnswer, error) { return r.some().CountDown(r.ctx, q) })
}

func (r *race) get() {
	r.bounded("get", func() (countdownlatch.CountDownAnswer, error) {
		s, err := r.some().Get(r.ctx, r.latch)
		return countdownlatch.CountDownAnswer{Remaining: s.Remaining, Round: s.Round}, err
	})
}

// bounded asks until it is answered: what remains is then between what remained before the call for certain, and what
// may have by its answer.
func (r *race) bounded(what string, ask func() (countdownlatch.CountDownAnswer, error)) {
	most := r.count - int(r.ended.Load())
	a := until(r, what, ask)
	least := max(0, r.count-int(r.begun.Load()))
	if a.Round != r.round || int(a.Remaining) < least || int(a.Remaining) > most {
		r.faultf("%s got %+v, want %d to %d left in round %d", what, a, least, most, r.round)
	}
}

// await waits for the round, which is over only when all have arrived (C3).
func (r *race) await() {
	q := countdownlatch.AwaitRequest{Name: r.latch}
	if r.dice.intN(3) == 0 {
		q.Timeout = within(time.Duration(r.dice.intN(3)) * time.Millisecond)
	}
	a := until(r, "await", func() (countdownlatch.AwaitAnswer, error) { return r.some().Await(r.ctx, q) })
	begun := int(r.begun.Load())
	switch {
	case a.Round != r.round, a.Completed && (begun < r.count || a.Remaining != 0), !a.Completed && q.Timeout == nil,
		!a.Completed && int(a.Remaining) < max(1, r.count-begun):
		r.faultf("await got %+v in round %d after %d of %d", a, r.round, begun, r.count)
	}
}

func (r *race) set(request string, count int32) countdownlatch.SetAnswer {
	q := countdownlatch.SetRequest{Name: r.latch, Count: count, RequestID: request}
	return until(r, request, func() (countdownlatch.SetAnswer, error) {
		defer func() { q.Attempt++ }()
		return r.some().TrySetCount(r.ctx, q)
	})
}

func (r *race) look() countdownlatch.State {
	return until(r, "get", func() (countdownlatch.State, error) { return r.some().Get(r.ctx, r.latch) })
}

// until asks again for as long as the outcome is unknown.
func until[A any](r *race, what string, ask func() (A, error)) A {
	for {
		a, err := ask()
		r.note("%s: %+v, %v", what, a, err)
		if errors.Is(err, store.ErrUnavailable) && r.ctx.Err() == nil {
			continue
		}
		if err != nil {
			r.faultf("%s: %v", what, err)
		}
		return a
	}
}

func (r *race) some() *gateway { return r.gateways[r.dice.intN(len(r.gateways))] }

func (r *race) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.story = append(r.story, fmt.Sprintf(format, args...))
}

func (r *race) faultf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
	r.story = append(r.story, "FAULT "+fmt.Sprintf(format, args...))
}
