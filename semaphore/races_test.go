package semaphore_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
)

var raceFor = flag.Duration("semaphore.race", 20*time.Second, "how long the race with a limit that changes lasts; with -short 3 s")

// run is many workers on one pool, whose every answer is held against the history that etcd tells.
type run struct {
	w       *world
	gs      []*gateway
	history *history
	claims  *claims
	limit   semaphore.Permits
	stop    atomic.Bool
	all     sync.WaitGroup
}

func newRun(t *testing.T, limit semaphore.Permits) *run {
	w := newWorld(t)
	r := &run{w: w, gs: w.gateways(2), history: w.listen(), claims: newClaims(), limit: limit}
	r.gs[1].late.slow(nowAndThen(2 * time.Millisecond))
	r.gs[0].init(limit, false)
	return r
}

// workers begins n workers, four to a session, each with a source of chance.
func (r *run) workers(n int, work func(k *racer)) {
	var c semaphore.Caller
	for i := range n {
		if i%4 == 0 {
			c = r.gs[0].caller(fmt.Sprint(i))
		}
		k := &racer{run: r, rng: rand.New(rand.NewPCG(uint64(i), 7))}
		k.who = semaphore.Caller{Session: c.Session, Owner: fmt.Sprint(i)}
		r.all.Go(func() {
			for !r.stop.Load() && !r.w.t.Failed() {
				work(k)
			}
		})
	}
	for _, g := range r.gs {
		g.current()
	}
}

// rebuild starts, at random moments, a further gateway from the keys alone, and notes what it says; and what those say
// that have been there all the time.
func (r *run) rebuild() {
	rng := rand.New(rand.NewPCG(3, 0))
	for !r.stop.Load() {
		time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
		c := r.w.member.NewFollower()
		s, err := store.Open(context.Background(), store.Config{
			Client: c, Space: r.w.space, Gateway: "new", Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			r.w.t.Error(err)
			return
		}
		for _, s := range []*store.Store{s, r.gs[0].store, r.gs[1].store} {
			s.Look(func(v mirror.View) {
				st, err := semaphore.Describe(v, pool)
				if err != nil {
					r.w.t.Error(err)
				}
				r.claims.state(int64(v.Revision()), st)
			})
		}
		s.Close()
		c.Close()
	}
}

// finish ends the workers, each of which must get its last answer, and returns the history's verdict.
func (r *run) finish() *oracle {
	t := r.w.t
	t.Helper()
	r.stop.Store(true)
	over := make(chan struct{})
	go func() { r.all.Wait(); close(over) }()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatalf("somebody is lost\n%s", strings.Join(r.w.dump(), "\n"))
	}
	if s, err := r.gs[1].Get(t.Context(), pool); err != nil || s.Available != r.limit || s.Permits != r.limit || s.HolderCount+s.WaiterCount > 0 {
		t.Errorf("in the end %+v, %v; the limit is %d", s, err, r.limit)
	}
	o, faults := r.claims.verdict(r.history.end())
	for _, f := range faults[:min(5, len(faults))] {
		t.Error(f)
	}
	t.Logf("%d revisions, %d tickets were admitted, %d faults, told: %v", len(o.moments), len(o.admitted), len(faults), r.claims.counts)
	return o
}

// "64 workers acquiring and releasing 1..5 permits while one goroutine reduces, increases and drains without pause for
// 20 s: admitted permits never exceed the limit at admission (S1), nobody is overtaken (S2), nobody is lost, and in the
// end available = limit." No refusal is older than its call (X3). "At random moments in those runs a second gateway starts
// from the keys alone; what it says (holders, waiters in order, available) equals the first one's at the same revision"
// (R1).
func TestRaces_WithALimitThatChanges(t *testing.T) {
	t.Parallel()
	r := newRun(t, 12)
	last := *raceFor
	if testing.Short() {
		last = 3 * time.Second
	}
	end := time.Now().Add(last)
	c := &changer{racer: racer{run: r, who: r.gs[0].caller("changer"), rng: rand.New(rand.NewPCG(0, 9))}, limit: r.limit}
	r.workers(64, func(k *racer) {
		if k.acquire(semaphore.Permits(1 + k.rng.IntN(5))) {
			k.idle(time.Millisecond)
			k.giveBack()
		}
		k.idle(20 * time.Millisecond)
	})
	r.all.Go(r.rebuild)
	for time.Now().Before(end) && !t.Failed() {
		c.change()
	}
	c.restore()
	r.finish()
}

// "Large requests are not starved: one acquire(10) among 64 workers of acquire(1) on 10 permits is served in its turn."
func TestRaces_LargeRequestIsServedInItsTurn(t *testing.T) {
	t.Parallel()
	r := newRun(t, 10)
	large := &racer{run: r, who: r.gs[0].caller("large"), rng: rand.New(rand.NewPCG(0, 5))}
	r.workers(64, func(k *racer) {
		if k.acquire(1) {
			k.giveBack()
		}
	})
	for range scaled(20) {
		if large.patient(10) {
			large.giveBack()
		}
	}
	o := r.finish()
	for key, came := range o.came {
		if !strings.HasPrefix(key, large.who.Session.String()) {
			continue
		}
		for _, other := range r.claims.told {
			if other.kind == "acquired" && other.from > came && other.to < o.admitted[key] {
				t.Errorf("%s came at %d and had its turn at %d; from %d to %d: %s", key, came, o.admitted[key], other.from, other.to, other.what)
			}
		}
	}
}
