package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

var space = keys.NewSpace("cp/")

// world is one schedule. It knows of no primitive.
type world struct {
	rng      *rand.Rand
	etcd     *etcd
	gateways []*gateway
	limbo    []*entry // of lost outcome; they may be committed until settled
	actors   []actor
	missing  int // gateways without a marker
	room     room
	oracles  []oracle
	sweeps   []func(mirror.View) []kv.Txn // what each primitive finds abandoned
	lives    int                          // how many sessions there are at a time
	dead     map[session.ID]int           // the steps at which others ended
	told     int                          // how much of etcd's log the oracles know
	climate  climate
	steps    int
	folded   int  // transactions of several calls
	draining bool // nobody asks for more
	leaving  bool // who still waits leaves
	trace    []string
	tracing  bool
	failure  string

	// What is broken on purpose, to see that it is noticed.
	mutate      func(kind string, t kv.Txn) kv.Txn // of what kind of request; "" for a sweep
	noBarrier   bool
	sameCall    bool // every call goes by the same name
	fullIsNo    bool // that there was no room is taken for that nothing was done
	shortSpells bool // and there is room again before anybody knows
	heedless    bool // whatever waits shares a proposal
	deaf        bool // what follows from a change, and is none itself, is no news
}

// actor is somebody outside, who asks gateways for things.
type actor interface {
	// moves returns what it may do next.
	moves() []func()
}

// oracle knows what is true, and holds against it what is told.
type oracle interface {
	// observe takes in a revision, the moment it is there; by is the entry in its log, nil for what nobody asked for.
	observe(c commit, by *entry)
	// compare holds a mirror against what was true at its revision.
	compare(whose string, v mirror.View)
	// calm looks at who still waits when nobody does anything any more.
	calm()
	// rest holds what everybody was told against what is, when nothing is under way any more.
	rest()
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 0)), etcd: newEtcd(), dead: map[session.ID]int{}}
	w.climate = climate{
		lost: w.one(4, 12, 40), unknown: w.one(3, 10, 40), late: w.one(1, 6, 30), mishap: w.one(15, 60, 200),
		fresh: w.one(1, 2, 6), swift: w.one(1, 3), full: w.one(0, 0, 5), alone: w.one(1, 3, 20),
		queue: w.one(1, 4, 20),
	}
	if w.chance(5) { // a storm: most of what is on its way stays so for long
		w.climate.unknown, w.climate.late = 2, 100
	}
	for range 2 + w.rng.IntN(2) {
		w.addGateway()
	}
	return w
}

// climate is what a schedule is like: schedules differ in how often things go wrong.
type climate struct {
	lost    int // one in so many times a connection is
	unknown int // and an outcome
	late    int // and what is on its way comes, or is known never to
	mishap  int // and something befalls a gateway
	fresh   int // how often a mirror comes on, compared to anything else
	swift   int // how often a transaction is committed
	full    int // one in so many times etcd has no room, or has again; 0: it always has
	alone   int // one in so many times what might share a proposal, or a turn, does not
	queue   int // and a turn comes
}

// one draws one of the numbers.
func (w *world) one(of ...int) int { return of[w.rng.IntN(len(of))] }

// chance is one in so many.
func (w *world) chance(in int) bool { return w.rng.IntN(in) == 0 }

func (w *world) any() *gateway { return w.gateways[w.rng.IntN(len(w.gateways))] }

// broken is the transaction as it is proposed: as it is, but where something is broken on purpose.
func (w *world) broken(by *op, t kv.Txn) kv.Txn {
	switch {
	case w.mutate == nil:
		return t
	case by == nil:
		return w.mutate("", t)
	}
	return w.mutate(by.kind, t)
}

// apply commits a proposal, at most once. ok is what etcd answers: there was room.
func (w *world) apply(p *entry) (ok bool) {
	p.done = true
	if w.room == none && p.puts() {
		return false
	}
	w.etcd.foldAll(p)
	for n, d := range w.etcd.txn(p.txns()...) {
		p.all[n].came(d)
		w.tracef("commit %v at %d, %d of %d: %s", d.succeeded, w.etcd.rev, n+1, len(p.all), writes(p.all[n].txn.Then))
	}
	w.observe(p)
	if w.room == brim && p.puts() {
		w.tracef("which fills etcd up")
		w.room = none
		return false
	}
	return true
}

// settle lets a lost proposal be committed, or never.
func (w *world) settle(p *entry) {
	w.limbo = slices.DeleteFunc(w.limbo, func(o *entry) bool { return o == p })
	if !p.done && w.chance(2) {
		w.apply(p)
	}
	p.done = true
}

// write does what no call asked for.
func (w *world) write(all ...kv.Op) {
	w.etcd.txn(kv.Txn{Then: all})
	w.observe(nil)
}

// expire ends a lease.
func (w *world) expire(lease kv.LeaseID) {
	w.etcd.expire(lease)
	w.observe(nil)
}

// observe has the oracles take in what is new.
func (w *world) observe(by *entry) {
	if w.told == len(w.etcd.log) {
		return
	}
	for ; w.told < len(w.etcd.log); w.told++ {
		for _, o := range w.oracles {
			o.observe(w.etcd.log[w.told], by)
		}
	}
	if len(w.etcd.log)%rebuilt == 0 {
		w.compareRebuilt()
	}
	if w.etcd.foul != "" {
		w.failf("%s", w.etcd.foul)
	}
}

// rebuilt is how many revisions there are to one that is compared with a mirror of the keys alone: that takes its time.
const rebuilt = 2

// compareRebuilt has the oracles look at a mirror that a gateway would have that starts now, from the keys alone (R1).
func (w *world) compareRebuilt() {
	m := mirror.New(space)
	m.Rebuild(w.etcd.rev, w.etcd.snapshot())
	for _, o := range w.oracles {
		o.compare("a new mirror", m.View())
	}
}

// step does one of all the things that may happen next; false when nothing can.
func (w *world) step() bool {
	w.steps++
	var moves []func()
	for _, g := range w.gateways {
		moves = append(moves, g.moves()...)
	}
	for _, a := range w.actors {
		moves = append(moves, a.moves()...)
	}
	moves = append(append(moves, w.mishaps()...), w.fills()...)
	if len(moves) == 0 || w.failure != "" {
		return false
	}
	moves[w.rng.IntN(len(moves))]()
	return w.failure == ""
}

// mishaps are what befalls the whole: rare, and none while the schedule comes to its end.
func (w *world) mishaps() (m []func()) {
	if len(w.limbo) > 0 && (w.draining || w.chance(w.climate.late)) {
		m = append(m, func() { w.settle(w.limbo[w.rng.IntN(len(w.limbo))]) })
	}
	if w.draining || !w.chance(w.climate.mishap) {
		return m
	}
	switch g := w.any(); w.rng.IntN(5) {
	case 0:
		return append(m, func() { w.crash(g) })
	case 1, 2:
		return append(m, g.faint)
	default:
		return append(m, g.rebuild)
	}
}

// run plays a schedule to its end: no new calls, everybody comes to rest.
func (w *world) run(steps int) {
	for range steps {
		if !w.step() {
			break
		}
	}
	w.draining = true
	w.settleDown(50 * steps)
	for _, o := range w.oracles {
		o.calm()
	}
	w.leaving = true
	w.settleDown(50 * steps)
	for _, g := range w.gateways {
		for _, r := range g.runs {
			w.failf("a call on %s for %v never ended (stage %d)", g.id, r.call.Keys(), r.stage)
		}
	}
	for _, o := range w.oracles {
		o.rest()
	}
}

// settleDown goes on until nothing happens any more.
func (w *world) settleDown(steps int) {
	for range steps {
		if !w.step() && !w.sweepLast() {
			return
		}
	}
	w.failf("no end after %d steps", w.steps)
}

// sweepLast sweeps when nothing else happens any more; false when there is nothing to be swept either.
func (w *world) sweepLast() bool {
	if w.failure != "" {
		return false
	}
	g := w.any()
	g.sweep()
	return len(g.found) > 0
}

func (w *world) failf(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf("step %d: ", w.steps) + fmt.Sprintf(format, args...)
		w.tracef("FAILURE: %s", w.failure)
	}
}
