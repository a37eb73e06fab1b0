package sim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// lockOracle knows what the keys of one lock say, told independently of internal/line and of fencedlock's own reading:
// who held it at which step.
type lockOracle struct {
	w       *world
	lock    keys.Name
	clients []*lockClient
	line    []seat
	past    past[[]seat]      // the line at any time
	held    map[hold]int      // when a request that holds no more last held under a fence
	over    map[string]string // requests that must never be seen in line again, and why
	fence   kv.Revision       // of whoever held last
}

type hold struct {
	request string
	fence   fencedlock.Fence
}

// seat is a ticket as read from its key.
type seat struct {
	item     *kv.Item
	requests []string
}

func newLockOracle(w *world, lock keys.Name) *lockOracle {
	o := &lockOracle{w: w, lock: lock, held: map[hold]int{}, over: map[string]string{}}
	w.oracles = append(w.oracles, o)
	w.sweeps = append(w.sweeps, fencedlock.Abandoned)
	return o
}

// observe implements oracle.
func (o *lockOracle) observe(c commit, by *entry) {
	for _, p := range c.parts(by) {
		if p.by != nil && p.by.succeeded {
			o.noteForce(p.by.txn)
		}
	}
	line := "cp/lock/" + string(o.lock) + "/"
	if slices.ContainsFunc(c.events, func(e kv.Event) bool { return strings.HasPrefix(e.Key, line) }) {
		o.read(line)
	}
}

// noteForce tells the callers' side that a hold was taken by force: from now on they may be told so.
func (o *lockOracle) noteForce(t kv.Txn) {
	for _, c := range o.clients {
		if len(t.Then) > 1 && t.Then[0].Delete && t.Then[0].Key == c.ticket(c.life.id) && strings.Contains(t.Then[1].Key, "/forced/") {
			c.taken[fencedlock.Fence(o.fence)] = true
		}
	}
}

// read notes who holds now.
func (o *lockOracle) read(prefix string) {
	o.noteHeld()
	o.line = nil
	for k, i := range o.w.etcd.items {
		if strings.HasPrefix(k, prefix) {
			o.line = append(o.line, readSeat(i))
		}
	}
	slices.SortFunc(o.line, func(a, b seat) int {
		return cmp.Or(cmp.Compare(a.item.Create, b.item.Create), cmp.Compare(a.item.Key, b.item.Key))
	})
	o.past = append(o.past, moment[[]seat]{o.w.etcd.rev, o.w.steps, o.line})
	o.checkOver()
	o.checkFences()
	if len(o.line) > 0 {
		if f := o.line[0].item.Create; f < o.fence {
			o.w.failf("fence of %s falls from %d to %d (L2)", o.lock, o.fence, f)
		}
		o.fence = o.line[0].item.Create
	}
}

// checkFences sees to it that no two tickets, which may all come to hold, have the same fence (L2).
func (o *lockOracle) checkFences() {
	for n := 1; n < len(o.line); n++ {
		if a, b := o.line[n-1].item, o.line[n].item; a.Create == b.Create {
			o.w.failf("%s and %s came in one revision (L2)", a.Key, b.Key)
		}
	}
}

func readSeat(i *kv.Item) seat {
	var v struct{ Holds []struct{ Request string } }
	_ = json.Unmarshal(i.Value, &v)
	s := seat{item: i}
	for _, h := range v.Holds {
		s.requests = append(s.requests, h.Request)
	}
	return s
}

// noteHeld notes until when those hold who hold now.
func (o *lockOracle) noteHeld() {
	if len(o.line) > 0 {
		for _, r := range o.line[0].requests {
			o.held[hold{r, fencedlock.Fence(o.line[0].item.Create)}] = o.w.steps
		}
	}
}

// checkOver sees to it that nothing is in line that must not be.
func (o *lockOracle) checkOver() {
	for _, s := range o.line {
		for _, r := range s.requests {
			if why := o.over[r]; why != "" {
				o.w.failf("request %s is in line again, after it was %s", r, why)
			}
		}
	}
}

// holds reports whether the request is among the holds of the first ticket.
func (o *lockOracle) holds(request string) bool {
	return len(o.line) > 0 && slices.Contains(o.line[0].requests, request)
}

// lastHeld returns the step at which the request last held under the fence.
func (o *lockOracle) lastHeld(request string, f fencedlock.Fence) (step int, ok bool) {
	o.noteHeld()
	step, ok = o.held[hold{request, f}]
	return step, ok
}

// heldByAnother reports whether at some step since from a ticket other than own was first.
func (o *lockOracle) heldByAnother(own string, from int) bool {
	for line := range o.past.since(from) {
		if len(line) > 0 && line[0].item.Key != own {
			return true
		}
	}
	return false
}

// compare implements oracle.
func (o *lockOracle) compare(whose string, v mirror.View) {
	got, want := v.Line("cp/lock/"+string(o.lock)+"/"), o.past.at(v.Revision())
	if got.Len() != len(want) || got.Admitted() != min(1, len(want)) {
		o.w.failf("%s at %d: %d of %d hold, want 1 of %d (R1)", whose, v.Revision(), got.Admitted(), got.Len(), len(want))
		return
	}
	for n, s := range want {
		if got.At(n).Key != s.item.Key {
			o.w.failf("%s at %d: place %d is %s, want %s (R1)", whose, v.Revision(), n, got.At(n).Key, s.item.Key)
		}
	}
}
