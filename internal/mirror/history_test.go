package mirror_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
)

// history is an etcd in which only revisions pass: it makes up random transactions and remembers what each was.
type history struct {
	r     *rand.Rand
	rev   kv.Revision
	items map[string]*kv.Item
}

// revision is one transaction as a watch shows it.
type revision struct {
	rev    kv.Revision
	events []kv.Event
}

// pool is few keys, so that they meet often: tickets of some locks, of cpgate's making and not, keys in the range of
// locks that are in no line, and keys of other kinds.
var pool = []string{
	"cp/lock/a/1", "cp/lock/a/2", "cp/lock/a/2.w", "cp/lock/a/3", "cp/lock/a/", "cp/lock/a/x/y/z", "cp/lock/a//",
	"cp/lock/a!/1", "cp/lock/a-b/1", "cp/lock/a%2Fb/1", "cp/lock/a%2Fb/2", "cp/lock/a0/1", "cp/lock/ab/1", "cp/lock/ab/2",
	"cp/lock/ü 锁/1", "cp/lock/\xff/1", "cp/lock/a", "cp/lock//1", "cp/lock/",
	"cp/session/1", "cp/session/2", "cp/session/3", "cp/memo/1/lock/a/r", "cp/gateway/g", "cp/", "cp/lockx/a/1",
}

func newHistory(r *rand.Rand) *history { return &history{r: r, items: map[string]*kv.Item{}} }

// next makes up a transaction of one to four writes, or the end of a lease with all that is attached to it.
func (h *history) next() revision {
	h.rev += kv.Revision(1 + h.r.IntN(3)) // between them etcd is written to elsewhere
	if h.r.IntN(8) == 0 {
		return revision{h.rev, h.end(kv.LeaseID(1 + h.r.IntN(3)))}
	}
	var events []kv.Event
	for _, n := range h.r.Perm(len(pool))[:1+h.r.IntN(4)] {
		if key := pool[n]; h.r.IntN(3) > 0 {
			events = append(events, h.put(key))
		} else if h.items[key] != nil {
			events = append(events, h.remove(key))
		}
	}
	return revision{h.rev, events}
}

func (h *history) put(key string) kv.Event {
	i := &kv.Item{
		Key: key, Value: fmt.Append(nil, h.rev), Create: h.rev, Mod: h.rev,
		Lease: kv.LeaseID(h.r.IntN(4)), // 0: none
	}
	if old := h.items[key]; old != nil {
		i.Create = old.Create
	}
	h.items[key] = i
	return kv.Event{Key: key, Item: i}
}

func (h *history) remove(key string) kv.Event {
	delete(h.items, key)
	return kv.Event{Key: key}
}

func (h *history) end(lease kv.LeaseID) (events []kv.Event) {
	for _, key := range slices.Sorted(maps.Keys(h.items)) {
		if h.items[key].Lease == lease {
			events = append(events, h.remove(key))
		}
	}
	return events
}

// all is what a read of the whole brings, in the order of the keys.
func (h *history) all() (items []*kv.Item) {
	for _, key := range slices.Sorted(maps.Keys(h.items)) {
		items = append(items, h.items[key])
	}
	return items
}
