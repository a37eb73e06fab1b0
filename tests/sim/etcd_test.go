package sim

import (
	"maps"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
)

// etcd is a model of etcd: one sequence of revisions, and leases that end by themselves.
type etcd struct {
	rev   kv.Revision
	items map[string]*kv.Item
	log   []commit
}

type commit struct {
	rev    kv.Revision
	events []kv.Event
}

func newEtcd() *etcd { return &etcd{rev: 1, items: map[string]*kv.Item{}} }

// txn decides on the state before it, as etcd does, and is one revision.
func (e *etcd) txn(t kv.Txn) kv.Result {
	for _, c := range t.If {
		if !e.holds(c) {
			return kv.Result{Revision: e.rev}
		}
	}
	var events []kv.Event
	for _, o := range t.Then {
		if ev, ok := e.event(o); ok {
			events = append(events, ev)
		}
	}
	e.append(events)
	return kv.Result{Succeeded: true, Revision: e.rev}
}

func (e *etcd) event(o kv.Op) (kv.Event, bool) {
	old := e.items[o.Key]
	if o.Delete {
		return kv.Event{Key: o.Key}, old != nil
	}
	i := &kv.Item{Key: o.Key, Value: o.Value, Lease: o.Lease, Create: e.rev + 1, Mod: e.rev + 1}
	if old != nil {
		i.Create = old.Create
	}
	return kv.Event{Key: o.Key, Item: i}, true
}

func (e *etcd) append(events []kv.Event) {
	if len(events) == 0 {
		return
	}
	e.rev++
	for _, ev := range events {
		if ev.Item == nil {
			delete(e.items, ev.Key)
		} else {
			e.items[ev.Key] = ev.Item
		}
	}
	e.log = append(e.log, commit{e.rev, events})
}

func (e *etcd) holds(c kv.Compare) bool {
	if c.Prefix {
		for k := range e.items {
			if strings.HasPrefix(k, c.Key) && !compare(c, e.items[k]) {
				return false
			}
		}
		return true
	}
	return compare(c, e.items[c.Key])
}

func compare(c kv.Compare, i *kv.Item) bool {
	var have kv.Revision
	if i != nil {
		have = i.Create
		if c.Target == kv.Mod {
			have = i.Mod
		}
	}
	if c.Is == kv.Greater {
		return have > c.Rev
	}
	return have == c.Rev
}

// expire ends a lease: all its keys go in one revision.
func (e *etcd) expire(lease kv.LeaseID) {
	var events []kv.Event
	for _, k := range slices.Sorted(maps.Keys(e.items)) {
		if e.items[k].Lease == lease {
			events = append(events, kv.Event{Key: k})
		}
	}
	e.append(events)
}

// snapshot returns all keys in order.
func (e *etcd) snapshot() []*kv.Item {
	items := make([]*kv.Item, 0, len(e.items))
	for _, k := range slices.Sorted(maps.Keys(e.items)) {
		items = append(items, e.items[k])
	}
	return items
}
