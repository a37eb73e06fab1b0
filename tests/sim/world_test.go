package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

var space = keys.NewSpace("cp/")

// world is one schedule.
type world struct {
	rng      *rand.Rand
	etcd     *etcd
	gateways []*gateway
	limbo    []*proposal // of lost outcome; they may be committed until settled
	locks    []keys.Name
	callers  []*caller
	truth    *truth
	steps    int
	draining bool
	trace    []string
	tracing  bool
	failure  string

	// What is broken on purpose, to see that it is noticed.
	mutate    func(kv.Txn) kv.Txn
	noBarrier bool
	sameCall  bool // every call goes by the same name
	deaf      bool // tickets that come to hold are no news
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 0)), etcd: newEtcd(), truth: newTruth()}
	for range 2 + w.rng.IntN(2) {
		w.addGateway()
	}
	return w
}

func (w *world) addGateway() *gateway {
	g := &gateway{w: w, id: fmt.Sprintf("g%d", w.steps*10+len(w.gateways)), mirror: mirror.New(space)}
	w.etcd.txn(kv.Txn{Then: []kv.Op{kv.Put(space.Gateway(g.id), nil, 0)}})
	g.rebuild()
	w.gateways = append(w.gateways, g)
	return g
}

func (w *world) any() *gateway { return w.gateways[w.rng.IntN(len(w.gateways))] }

// apply commits a proposal, at most once.
func (w *world) apply(p *proposal) kv.Result {
	p.done = true
	r := w.etcd.txn(p.txn)
	w.tracef("commit %v at %d: %s", r.Succeeded, r.Revision, ops(p.txn.Then))
	if r.Succeeded {
		w.noteForce(p.txn)
	}
	w.observe()
	return r
}

// noteForce tells the callers' side that a hold was taken by force: from now on they may be told so.
func (w *world) noteForce(t kv.Txn) {
	for _, c := range w.callers {
		key := space.LockTicket(c.lock, int64(c.sid), c.name)
		if len(t.Then) > 1 && t.Then[0].Key == key && t.Then[0].Delete && strings.Contains(t.Then[1].Key, "/forced/") {
			c.taken[w.truth.lastFence(c.lock)] = true
		}
	}
}

// settle lets a lost proposal be committed, or never.
func (w *world) settle(p *proposal) {
	if !p.done && w.rng.IntN(2) == 0 {
		w.apply(p)
	}
	p.done = true
	w.limbo = slices.DeleteFunc(w.limbo, func(o *proposal) bool { return o == p })
}

// observe holds what is now true against what was promised.
func (w *world) observe() {
	for _, n := range w.locks {
		w.truth.observe(w, n)
	}
}

// crash ends a gateway with all its calls: their clients notice, and what was on its way may still come.
func (w *world) crash(g *gateway) {
	w.tracef("%s crashes", g.id)
	for _, r := range slices.Clone(g.runs) {
		if r.stage == committing {
			w.limbo = append(w.limbo, r.proposal)
		}
		if !r.left {
			r.left = true
			r.answer(errLost)
		}
	}
	w.gateways = slices.DeleteFunc(w.gateways, func(o *gateway) bool { return o == g })
	w.etcd.txn(kv.Txn{Then: []kv.Op{kv.Delete(space.Gateway(g.id))}})
	w.addGateway()
}

// sweep lets a gateway remove what a crashed one left waiting, as fencedlock.Sweep does after its grace.
func (w *world) sweep(g *gateway) {
	for _, t := range fencedlock.Abandoned(g.mirror.View()) {
		w.apply(&proposal{txn: t})
	}
}

// step does one of all the things that may happen next; false when nothing can.
func (w *world) step() bool {
	w.steps++
	var moves []func()
	for _, g := range w.gateways {
		for _, r := range g.runs {
			moves = append(moves, r.moves()...)
		}
		if g.pos < len(w.etcd.log) {
			moves = append(moves, g.deliver, g.deliver)
		}
	}
	for _, c := range w.callers {
		moves = append(moves, c.moves()...)
	}
	moves = append(moves, w.mishaps()...)
	if len(moves) == 0 || w.failure != "" {
		return false
	}
	moves[w.rng.IntN(len(moves))]()
	return w.failure == ""
}

// mishaps are what befalls the whole: rare, and none while the schedule comes to its end.
func (w *world) mishaps() (m []func()) {
	if len(w.limbo) > 0 {
		m = append(m, func() { w.settle(w.limbo[w.rng.IntN(len(w.limbo))]) })
	}
	if w.draining {
		return m
	}
	switch w.rng.IntN(60) {
	case 0:
		m = append(m, func() { w.crash(w.any()) })
	case 1, 2:
		m = append(m, w.any().rebuild)
	case 3:
		g := w.any()
		m = append(m, func() { w.sweep(g) })
	}
	return m
}

// run plays a schedule to its end: no new calls, everybody comes to rest.
func (w *world) run(steps int) string {
	for range steps {
		if !w.step() {
			break
		}
	}
	w.draining = true
	for range 50 * steps {
		if !w.step() {
			break
		}
	}
	if w.failure == "" {
		w.rest()
	}
	return w.failure
}

func (w *world) failf(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf("step %d: ", w.steps) + fmt.Sprintf(format, args...)
	}
}

func (w *world) tracef(format string, args ...any) {
	if w.tracing {
		w.trace = append(w.trace, fmt.Sprintf("%4d ", w.steps)+fmt.Sprintf(format, args...))
	}
}

func ops(all []kv.Op) (text string) {
	for _, o := range all {
		if o.Delete {
			text += fmt.Sprintf("delete %s; ", o.Key)
		} else {
			text += fmt.Sprintf("put %s=%s; ", o.Key, o.Value)
		}
	}
	return text
}

func (w *world) story() string { return strings.Join(w.trace, "\n") }
