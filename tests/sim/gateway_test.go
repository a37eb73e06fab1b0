package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// errLost is what a client sees of a gateway that crashed, or that can't tell an outcome: it asks again.
var errLost = errors.New("connection lost")

// gateway is one gateway: its mirror, which is as late as the schedule makes it, and the calls under way.
type gateway struct {
	w      *world
	id     string
	mirror *mirror.Mirror
	pos    int // how much of etcd's log the mirror has seen
	runs   []*run
	calls  int
	found  []kv.Txn // what a sweep has yet to commit
	faints bool     // its marker is gone, for a while
}

func (w *world) addGateway() *gateway {
	g := &gateway{w: w, id: fmt.Sprintf("g%d", w.steps*10+len(w.gateways)), mirror: mirror.New(space)}
	w.write(kv.Put(space.Gateway(g.id), nil, 0))
	w.gateways = append(w.gateways, g)
	g.rebuild()
	return g
}

// nextCall names a call.
func (g *gateway) nextCall() string {
	if g.w.sameCall {
		return g.id + ".0"
	}
	g.calls++
	return fmt.Sprintf("%s.%d", g.id, g.calls)
}

// orphans notes of all requests under way that the gateway may not tidy up behind them.
func (g *gateway) orphans() {
	for _, r := range g.runs {
		if r.by != nil {
			r.by.orphan = true
		}
	}
}

// start begins a call for somebody who hears of it through answer.
func (g *gateway) start(by *op, c store.Call, timed bool, answer func(err error)) *run {
	r := &run{g: g, by: by, call: c, timed: timed, answer: answer}
	g.runs = append(g.runs, r)
	if g.faints {
		g.orphans()
	}
	return r
}

// moves returns what can happen to the gateway next.
func (g *gateway) moves() (m []func()) {
	for _, r := range g.runs {
		m = append(m, r.moves()...)
	}
	if g.pos < len(g.w.etcd.log) {
		for range g.w.climate.fresh {
			m = append(m, g.deliver)
		}
	}
	switch {
	case len(g.found) > 0:
		m = append(m, g.sweepOne)
	case g.w.missing > 0 && !g.w.draining && g.w.chance(10):
		m = append(m, g.sweep)
	}
	if g.faints && (g.w.draining || g.w.chance(4)) {
		m = append(m, g.revive)
	}
	return m
}

// faint is a pause so long that the gateway counts as gone, and yet its calls go on.
func (g *gateway) faint() {
	g.w.tracef("%s faints", g.id)
	g.w.write(kv.Delete(space.Gateway(g.id)))
	g.faints = true
	g.w.missing++
	g.orphans()
}

func (g *gateway) revive() {
	g.w.tracef("%s revives", g.id)
	g.w.write(kv.Put(space.Gateway(g.id), nil, 0))
	g.faints = false
	g.w.missing--
}

// deliver lets the mirror see the next revision.
func (g *gateway) deliver() {
	c := g.w.etcd.log[g.pos]
	g.pos++
	news := g.mirror.Fold(c.rev, c.events)
	if g.w.deaf {
		news = news[:len(c.events)]
	}
	g.sees(news)
}

// rebuild is a watch lost and the mirror read anew.
func (g *gateway) rebuild() {
	g.pos = len(g.w.etcd.log)
	g.sees(g.mirror.Rebuild(g.w.etcd.rev, g.w.etcd.snapshot()))
}

// sees wakes who waits for the news, and has the oracles look at the mirror.
func (g *gateway) sees(news []string) {
	for _, r := range g.runs {
		r.news = r.news || slices.ContainsFunc(r.call.Keys(), func(k string) bool { return tells(news, k) })
	}
	for _, o := range g.w.oracles {
		o.compare(g.id, g.mirror.View())
	}
}

// tells reports whether there is news of a key, or, where it ends with a slash, directly below it.
func tells(news []string, key string) bool {
	return slices.ContainsFunc(news, func(n string) bool {
		return n == key || n[:strings.LastIndexByte(n, '/')+1] == key
	})
}

// sweep finds what calls of gateways that are gone left behind. It is committed later, when the grace has passed.
func (g *gateway) sweep() {
	for _, abandoned := range g.w.sweeps {
		g.found = append(g.found, abandoned(g.mirror.View())...)
	}
}

func (g *gateway) sweepOne() {
	t := g.found[0]
	g.found = g.found[1:]
	g.w.apply(alone(&sent{txn: g.w.broken(nil, t)}))
}

// crash ends a gateway with all its calls: their clients notice, and what was on its way may still come.
func (w *world) crash(g *gateway) {
	w.tracef("%s crashes", g.id)
	g.orphans()
	for _, r := range slices.Clone(g.runs) {
		if r.stage == committing {
			w.limbo = append(w.limbo, alone(r.sent))
		}
		r.stage = ended
		if !r.left {
			r.left = true
			r.answer(errLost)
		}
	}
	w.gateways = slices.DeleteFunc(w.gateways, func(o *gateway) bool { return o == g })
	w.write(kv.Delete(space.Gateway(g.id)))
	w.missing++
	w.addGateway()
}
