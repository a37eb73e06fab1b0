package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
)

// etcd is a model of etcd: one sequence of revisions, and leases that end by themselves. It is laxer than etcd in one
// thing: a lease may be used after its end, and then attaches nothing to it.
type etcd struct {
	rev   kv.Revision
	items map[string]*kv.Item
	log   []commit
	foul  string // what etcd, or cpgate's own rules, would not have taken
}

// commit is one revision.
type commit struct {
	rev    kv.Revision
	events []kv.Event
}

func newEtcd() *etcd { return &etcd{rev: 1, items: map[string]*kv.Item{}} }

// done is what came of one of the transactions of a proposal.
type done struct {
	succeeded bool
	events    []kv.Event
}

// txn commits transactions as one, nested in it: it decides on the state before all of them, as etcd does, and they are one
// revision.
func (e *etcd) txn(all ...kv.Txn) []done {
	did := make([]done, len(all))
	var events []kv.Event
	var ops []kv.Op
	for n, t := range all {
		if slices.ContainsFunc(t.If, func(c kv.Compare) bool { return !e.holds(c) }) {
			continue
		}
		did[n].succeeded = true
		for _, o := range t.Then {
			did[n].events = append(did[n].events, e.events(o)...)
		}
		events = append(events, did[n].events...)
		ops = append(ops, t.Then...)
	}
	e.judge(ops)
	e.append(events)
	return did
}

// events returns what an operation does. To delete what is not there is nothing.
func (e *etcd) events(o kv.Op) []kv.Event {
	old := e.items[o.Key]
	switch {
	case o.Prefix:
		return e.gone(func(i *kv.Item) bool { return strings.HasPrefix(i.Key, o.Key) })
	case o.Delete && old == nil:
		return nil
	case o.Delete:
		return []kv.Event{{Key: o.Key}}
	}
	i := &kv.Item{Key: o.Key, Value: o.Value, Lease: o.Lease, Create: e.rev + 1, Mod: e.rev + 1}
	if old != nil {
		i.Create = old.Create
	}
	return []kv.Event{{Key: o.Key, Item: i}}
}

// gone returns the end of all keys that match, in their order.
func (e *etcd) gone(match func(*kv.Item) bool) (events []kv.Event) {
	for k, i := range e.items {
		if match(i) {
			events = append(events, kv.Event{Key: k})
		}
	}
	slices.SortFunc(events, func(a, b kv.Event) int { return strings.Compare(a.Key, b.Key) })
	return events
}

// judge notes a transaction that writes a key twice: etcd refuses two puts, and what puts and deletes kills it later.
func (e *etcd) judge(all []kv.Op) {
	for n, o := range all {
		for _, p := range all[:n] {
			if o.Key == p.Key || o.Prefix && strings.HasPrefix(p.Key, o.Key) || p.Prefix && strings.HasPrefix(o.Key, p.Key) {
				e.foul = fmt.Sprintf("%s is written twice in one transaction", o.Key)
			}
		}
	}
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
	if !c.Prefix {
		return compare(c, e.items[c.Key])
	}
	for k, i := range e.items {
		if strings.HasPrefix(k, c.Key) && !compare(c, i) {
			return false
		}
	}
	return true
}

func compare(c kv.Compare, i *kv.Item) bool {
	var have kv.Revision
	if i != nil {
		have = i.Create
		if c.Target == kv.Mod {
			have = i.Mod
		}
	}
	switch c.Is {
	case kv.Greater:
		return have > c.Rev
	case kv.Less:
		return have < c.Rev
	}
	return have == c.Rev
}

// expire ends a lease: all its keys go in one revision.
func (e *etcd) expire(lease kv.LeaseID) {
	e.append(e.gone(func(i *kv.Item) bool { return i.Lease == lease }))
}

// snapshot returns all keys in order.
func (e *etcd) snapshot() []*kv.Item {
	items := make([]*kv.Item, 0, len(e.items))
	for _, k := range slices.Sorted(maps.Keys(e.items)) {
		items = append(items, e.items[k])
	}
	return items
}
