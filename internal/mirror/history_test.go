package mirror_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/value"
)

// history is an etcd in which only revisions pass: it makes up random transactions and remembers what each was.
type history struct {
	r     *rand.Rand
	pool  []string
	rev   kv.Revision
	items map[string]*kv.Item
	ever  map[string]bool // the keys that ever were there
}

// revision is one transaction as a watch shows it.
type revision struct {
	rev    kv.Revision
	events []kv.Event
}

// The pools are few keys, so that they meet often. Of each primitive there are keys of cpgate's making and not, keys
// in its range that are in no group, and keys of other kinds.
var (
	locks = []string{
		"cp/lock/a/1", "cp/lock/a/2", "cp/lock/a/2.w", "cp/lock/a/3", "cp/lock/a/", "cp/lock/a/x/y/z", "cp/lock/a//",
		"cp/lock/a!/1", "cp/lock/a-b/1", "cp/lock/a%2Fb/1", "cp/lock/a%2Fb/2", "cp/lock/a0/1", "cp/lock/ab/1", "cp/lock/ab/2",
		"cp/lock/ü 锁/1", "cp/lock/\xff/1", "cp/lock/a", "cp/lock//1", "cp/lock/",
		"cp/session/1", "cp/session/2", "cp/session/3", "cp/memo/1/lock/a/r", "cp/gateway/g", "cp/", "cp/lockx/a/1",
	}
	semaphores = []string{
		"cp/semaphore/a", "cp/semaphore/a/1.r", "cp/semaphore/a/1.s", "cp/semaphore/a/2.r", "cp/semaphore/a/3.r",
		"cp/semaphore/a/-.r", "cp/semaphore/a/-.s", "cp/semaphore/a/", "cp/semaphore/a/x/y",
		"cp/semaphore/a%2Fb", "cp/semaphore/a%2Fb/1.r", "cp/semaphore/a%2Fb/-.r",
		"cp/semaphore/b/1.r", "cp/semaphore/b/2.r", "cp/semaphore/c", "cp/semaphore/", "cp/semaphore//1.r",
		"cp/memo/-/semaphore/a/r", "cp/memo/-/semaphore/a/s", "cp/memo/-/semaphore/a/x/y", "cp/memo/-/semaphore/b/r",
		"cp/memo/-/semaphore/a", "cp/memo/-/lock/a/r", "cp/memo/1/semaphore/a/r",
	}
	latches = []string{
		"cp/latch/a", "cp/latch/a%2Fb", "cp/latch/b", "cp/latch/a/", "cp/latch/a/7", "cp/latch/a/07/r", "cp/latch/a/7/r/s",
		"cp/latch/c/7/r", "cp/latch/c/7/s", "cp/latch/", "cp/latch//7/r",
		// An arrival in the round that is on, or else in round 7.
		"cp/latch/a/*/r", "cp/latch/a/*/s", "cp/latch/a/*/t", "cp/latch/a%2Fb/*/r", "cp/latch/a%2Fb/*/s", "cp/latch/b/*/r",
	}
)

func newHistory(r *rand.Rand, pools ...[]string) *history {
	return &history{r: r, pool: slices.Concat(pools...), items: map[string]*kv.Item{}, ever: map[string]bool{}}
}

// next makes up a transaction of one to four writes, or the end of a lease with all that is attached to it.
func (h *history) next() revision {
	h.rev += kv.Revision(1 + h.r.IntN(3)) // between them etcd is written to elsewhere
	if h.r.IntN(12) == 0 {
		return revision{h.rev, h.end(kv.LeaseID(1 + h.r.IntN(3)))}
	}
	var events []kv.Event
	for _, n := range h.r.Perm(len(h.pool))[:1+h.r.IntN(4)] {
		key := h.onNow(h.pool[n])
		if slices.ContainsFunc(events, func(e kv.Event) bool { return e.Key == key }) {
			continue
		}
		if h.r.IntN(3) > 0 {
			events = append(events, h.put(key))
		} else if h.items[key] != nil {
			events = append(events, h.remove(key))
		}
	}
	return revision{h.rev, events}
}

// onNow puts the round that is on in the place of the star.
func (h *history) onNow(key string) string {
	latch, request, ok := strings.Cut(key, "/*/")
	if !ok {
		return key
	}
	round := kv.Revision(7)
	if record := h.items[latch]; record != nil {
		round = record.Mod
	}
	return fmt.Sprintf("%s/%d/%s", latch, round, request)
}

func (h *history) put(key string) kv.Event {
	i := &kv.Item{
		Key: key, Create: h.rev, Mod: h.rev,
		Lease: kv.LeaseID(h.r.IntN(4)), // 0: none
	}
	if lease, ok := ownLease(key); ok && h.r.IntN(4) > 0 {
		i.Lease = lease
	}
	old := h.items[key]
	if old != nil {
		i.Create = old.Create
	}
	i.Value = h.value(key, old)
	h.items[key], h.ever[key] = i, true
	return kv.Event{Key: key, Item: i}
}

// value makes up what the key holds, now and then something that can't be read.
func (h *history) value(key string, old *kv.Item) []byte {
	group, as := groupOf(key)
	switch {
	case h.r.IntN(10) == 0:
		return []byte("scribble")
	case as == "permits":
		return h.permits(group).Encode()
	case as == "ticket":
		most := int64(4)
		if old != nil { // nobody takes more than it was admitted with
			most = int64(permitsOf(old))
		}
		return value.Ticket{Permits: 1 + h.r.Int64N(most), By: "g.1"}.Encode()
	case as == "count":
		return value.Latch{Count: 1 + h.r.Int32N(3)}.Encode()
	}
	return fmt.Append(nil, h.rev)
}

func (h *history) permits(group string) value.Semaphore {
	s := value.Semaphore{Permits: h.r.Int64N(7) - 1, Sessionless: h.r.IntN(4) == 0, Request: "r"}
	switch all := h.groups()[group].line; {
	case len(all) > 0 && h.r.IntN(3) == 0:
		i := all[h.r.IntN(len(all))]
		s.Through = &value.Through{Create: i.Create, Key: i.Key}
	case h.r.IntN(6) == 0:
		s.Through = &value.Through{Create: kv.Revision(h.r.IntN(int(h.rev) + 5)), Key: "x"}
	}
	return s
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
