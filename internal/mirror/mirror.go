// Package mirror is a gateway's copy, in memory, of the keys that cpgate calls its own, at one revision of etcd.
// It is pure: whoever follows etcd folds revisions into it, and is told which keys' waiters have something new.
package mirror

import (
	"github.com/google/btree"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
)

// degree of the tree of keys: a compromise of memory and depth, not tuned.
const degree = 32

// lockLimit makes a line a lock's: one ticket holds.
const lockLimit = 1

// Mirror is the keys below a prefix as they were at one revision. It is not safe for concurrent use.
type Mirror struct {
	space  keys.Space
	rev    kv.Revision
	items  *btree.BTreeG[*kv.Item]
	lines  map[string]*line.Line
	leases map[kv.LeaseID]int
}

// New returns a mirror of an empty etcd.
func New(space keys.Space) *Mirror {
	return &Mirror{
		space:  space,
		items:  btree.NewG(degree, func(a, b *kv.Item) bool { return a.Key < b.Key }),
		lines:  map[string]*line.Line{},
		leases: map[kv.LeaseID]int{},
	}
}

// Fold moves the mirror on to rev, in which, or up to which, events happened. It returns the keys whose waiters
// have something new to see: those that changed, and the tickets that were admitted. A revision is folded whole
// before anyone looks, because what happened in one transaction is one event.
func (m *Mirror) Fold(rev kv.Revision, events []kv.Event) (news []string) {
	touched := map[string]*line.Line{}
	for _, e := range events {
		m.apply(e, touched)
		news = append(news, e.Key)
	}
	m.rev = max(m.rev, rev)
	for name, l := range touched {
		for _, i := range l.Admit() {
			news = append(news, i.Key)
		}
		if l.Len() == 0 {
			delete(m.lines, name)
		}
	}
	return news
}

func (m *Mirror) apply(e kv.Event, touched map[string]*line.Line) {
	name, isTicket := m.space.LineOf(e.Key)
	if old, ok := m.items.Delete(&kv.Item{Key: e.Key}); ok {
		m.count(old.Lease, -1)
		if isTicket && (e.Item == nil || e.Item.Create != old.Create) {
			touched[name] = m.line(name)
			m.line(name).Remove(old)
		}
	}
	if e.Item == nil {
		return
	}
	m.items.ReplaceOrInsert(e.Item)
	m.count(e.Item.Lease, 1)
	if isTicket {
		touched[name] = m.line(name)
		m.line(name).Put(line.Ticket{Item: e.Item, Permits: 1})
	}
}

func (m *Mirror) line(name string) *line.Line {
	l, ok := m.lines[name]
	if !ok {
		l = line.New(lockLimit)
		m.lines[name] = l
	}
	return l
}

func (m *Mirror) count(lease kv.LeaseID, by int) {
	if lease == 0 {
		return
	}
	if m.leases[lease] += by; m.leases[lease] == 0 {
		delete(m.leases, lease)
	}
}

// Rebuild makes the mirror equal to items, all that there is at rev, as one step, and returns the keys whose
// waiters have something new to see. Nothing that stayed the same is news, so waits survive a lost watch.
func (m *Mirror) Rebuild(rev kv.Revision, items []*kv.Item) (news []string) {
	var events []kv.Event
	next := make(map[string]*kv.Item, len(items))
	for _, i := range items {
		next[i.Key] = i
	}
	m.items.Ascend(func(old *kv.Item) bool {
		if next[old.Key] == nil {
			events = append(events, kv.Event{Key: old.Key})
		}
		return true
	})
	for _, i := range items {
		if old := m.Get(i.Key); old == nil || old.Mod != i.Mod {
			events = append(events, kv.Event{Key: i.Key, Item: i})
		}
	}
	return m.Fold(rev, events)
}
