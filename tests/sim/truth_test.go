package sim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
)

// truth is what the keys say, told independently of internal/line and of fencedlock's own reading: who held which
// lock at which step.
type truth struct {
	heads map[keys.Name][]head // each change of holder, oldest first
	held  map[hold]int         // when a request last held under a fence
	over  map[string]string    // requests that must never be seen in line again, and why
	fence map[keys.Name]kv.Revision
}

type head struct {
	step int
	key  string // "" when free
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

func newTruth() *truth {
	return &truth{
		heads: map[keys.Name][]head{}, held: map[hold]int{}, over: map[string]string{},
		fence: map[keys.Name]kv.Revision{},
	}
}

// line returns the tickets of a lock in order.
func (e *etcd) line(n keys.Name) (seats []seat) {
	for k, i := range e.items {
		if !strings.HasPrefix(k, "cp/lock/"+string(n)+"/") {
			continue
		}
		var v struct{ Holds []struct{ Request string } }
		_ = json.Unmarshal(i.Value, &v)
		s := seat{item: i}
		for _, h := range v.Holds {
			s.requests = append(s.requests, h.Request)
		}
		seats = append(seats, s)
	}
	slices.SortFunc(seats, func(a, b seat) int {
		return cmp.Or(cmp.Compare(a.item.Create, b.item.Create), cmp.Compare(a.item.Key, b.item.Key))
	})
	return seats
}

// observe notes who holds now, and that nothing is in line that must not be.
func (t *truth) observe(w *world, n keys.Name) {
	line := w.etcd.line(n)
	for _, s := range line {
		for _, r := range s.requests {
			if why := t.over[r]; why != "" {
				w.failf("request %s is in line again, after it was %s", r, why)
			}
		}
	}
	key := ""
	if len(line) > 0 {
		first := line[0]
		key = first.item.Key
		if first.item.Create < t.fence[n] {
			w.failf("fence of %s falls from %d to %d (L2)", n, t.fence[n], first.item.Create)
		}
		t.fence[n] = first.item.Create
		for _, r := range first.requests {
			t.held[hold{r, fencedlock.Fence(first.item.Create)}] = w.steps
		}
	}
	if h := t.heads[n]; len(h) == 0 || h[len(h)-1].key != key {
		t.heads[n] = append(h, head{w.steps, key})
	}
}

// heldByAnother reports whether at some step since from a ticket other than own was first.
func (t *truth) heldByAnother(n keys.Name, own string, from int) bool {
	h := t.heads[n]
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].key != "" && h[i].key != own {
			return true
		}
		if h[i].step <= from {
			return false
		}
	}
	return false
}

// lastFence returns the fence of whoever held before the last change.
func (t *truth) lastFence(n keys.Name) fencedlock.Fence { return fencedlock.Fence(t.fence[n]) }
