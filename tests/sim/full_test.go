package sim

import (
	"errors"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/store"
)

// room is how much room there is in etcd's database.
type room int

const (
	enough room = iota
	brim        // what puts next fills it up: it is committed, and answered as if it were not
	none        // what puts is refused
)

// fills returns what may become of the room. While a schedule comes to its end there comes to be some.
func (w *world) fills() []func() {
	switch {
	case w.climate.full == 0:
	case w.room == enough && !w.draining && w.chance(w.climate.full):
		return []func(){func() { w.room = brim }}
	case w.room == brim && w.draining, w.room == none && (w.draining || w.chance(w.climate.full)):
		return []func(){w.free}
	}
	return nil
}

// free makes room. Until then etcd was full for longer than anything is on its way: what was sent has been answered or
// has got lost, and every gateway knows whose callers are gone.
func (w *world) free() {
	w.tracef("there is room again")
	if w.room == none && !w.shortSpells {
		for _, p := range slices.Clone(w.limbo) {
			w.settle(p)
		}
		for _, g := range w.gateways {
			for _, r := range slices.Clone(g.runs) {
				if r.stage == committing {
					r.commit()
				}
			}
			for _, r := range slices.Clone(g.runs) {
				r.outlasted()
			}
		}
	}
	w.room = enough
}

func (r *run) outlasted() {
	if r.left && !r.tidying && r.stage != ended {
		r.leave()
	}
}

// atTheDoor reports whether etcd refuses a proposal before it is proposed: then nothing follows about what was
// proposed before.
func (w *world) atTheDoor(p *entry) bool { return w.room == none && p.puts() && w.chance(2) }

// noRoom is what etcd answers, and what the store makes of it: the call looks again, behind a barrier.
func (r *run) noRoom() {
	r.g.w.tracef("no room for %s", r.by)
	if r.full || r.g.w.fullIsNo {
		r.finish(store.ErrFull)
		return
	}
	r.full, r.stage = true, reading
}

// send has a transaction committed, where etcd had no room for one just now without what it can spare; if it still puts
// something, the call was not done, and ends.
func (r *run) send(t kv.Txn) {
	t = r.g.w.broken(r.by, t)
	if r.full {
		bare, ok := t.Bare()
		if !ok {
			r.finish(store.ErrFull)
			return
		}
		t = bare
	}
	r.sent, r.along, r.stage = &sent{by: r.by, txn: t}, nil, committing
}

// refusedForRoom: a request is told that there is no room. Asked for the first time, and with nothing of it lost on the
// way, it has changed nothing and never will; its client may ask again, or leave it at that.
func (o *op) refusedForRoom(err error) {
	if !errors.Is(err, store.ErrFull) || o.ended != 0 || o.unmoved == nil || o.attempt > 1 || o.last.unknowns > 0 {
		return
	}
	o.w.tracef("%s is told that there is no room", o.request)
	if o.unmoved() && o.w.chance(2) {
		o.ended = o.w.steps
		o.resigned()
	}
}

// whyOver is of a request that was told so.
const whyOver = "told that there is no room"

func (o *lockOp) unmovedInLine() bool {
	if slices.ContainsFunc(o.c.oracle.line, func(s seat) bool { return slices.Contains(s.requests, o.request) }) {
		o.w.failf("%s is in line, and was %s", o.request, whyOver)
	}
	return true
}

// unmovedPermits reports whether nothing of the request is left: a wait that can't go on goes a moment later.
func (o *semOp) unmovedPermits() bool {
	for _, d := range o.oracle.deeds {
		if d.by == o && d.what != admitted {
			o.w.failf("%s was %s, and has done %v", o.request, whyOver, d)
		}
	}
	return o.oracle.now.of(o.request) < 0
}

func (o *semOp) resignedPermits() {
	o.heard, o.failed = true, store.ErrFull
	o.finish(whyOver)
}

// unmovedLatch: what a request did may have been undone by others before its call could see it.
func (o *latchOp) unmovedLatch() bool {
	for _, d := range slices.Concat(o.did(counts), o.did(began)) {
		if d.round == o.c.oracle.now.round {
			o.w.failf("%s was %s, and has done %v", o.request, whyOver, d)
		}
	}
	return true
}
