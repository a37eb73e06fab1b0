// Package mirror is a gateway's copy, in memory, of the keys that cpgate calls its own, at one revision of etcd.
// It is pure: whoever follows etcd folds revisions into it, and is told which keys' waiters have something new.
package mirror

import (
	"github.com/google/btree"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
)

// degree of the trees: a compromise of memory and depth, not tuned.
const degree = 32

// Mirror is the keys below a prefix as they were at one revision. It is not safe for concurrent use.
type Mirror struct {
	space  keys.Space
	rev    kv.Revision
	items  *btree.BTreeG[*kv.Item]
	groups *btree.BTreeG[*group]
	leases map[kv.LeaseID]int
	lost   []*kv.Item
}

// New returns a mirror of an empty etcd.
func New(space keys.Space) *Mirror {
	return &Mirror{
		space:  space,
		items:  btree.NewG(degree, func(a, b *kv.Item) bool { return a.Key < b.Key }),
		groups: btree.NewG(degree, func(a, b *group) bool { return a.name < b.name }),
		leases: map[kv.LeaseID]int{},
	}
}

// Fold moves the mirror on to rev, in which, or up to which, events happened. It returns the keys whose waiters
// have something new to see: those that changed, the tickets that were admitted, and the records of latches that
// reached zero. A revision is folded whole before anyone looks, because what happened in one transaction is one event.
func (m *Mirror) Fold(rev kv.Revision, events []kv.Event) (news []string) {
	touched := map[*group]struct{}{}
	m.lost = nil
	for _, e := range events {
		m.apply(e, touched)
		news = append(news, e.Key)
	}
	m.rev = max(m.rev, rev)
	for g := range touched {
		news = append(news, g.settle()...)
		m.lose(g)
		if g.empty() {
			m.groups.Delete(g)
		}
	}
	return news
}

func (m *Mirror) apply(e kv.Event, touched map[*group]struct{}) {
	var g *group
	name, kind := m.space.GroupOf(e.Key)
	if kind != 0 {
		g = m.group(name)
		touched[g] = struct{}{}
	}
	old, was := m.items.Delete(&kv.Item{Key: e.Key})
	if was {
		m.count(old.Lease, -1)
	}
	stays := was && e.Item != nil && e.Item.Create == old.Create
	if g != nil && was && !stays {
		g.remove(old, kind)
	}
	if e.Item == nil {
		return
	}
	m.items.ReplaceOrInsert(e.Item)
	m.count(e.Item.Lease, 1)
	if _, _, _, trace := m.space.ParseForced(e.Key); trace && !was {
		m.lost = append(m.lost, e.Item)
	}
	if g != nil {
		g.put(e.Item, kind, stays)
	}
}

// group returns the group of that name, newly made when there is none.
func (m *Mirror) group(name string) *group {
	g, ok := m.groups.Get(&group{name: name})
	if !ok {
		g = newGroup(name)
		m.groups.ReplaceOrInsert(g)
	}
	return g
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
	news = m.Fold(rev, events)
	m.lost = nil // what came in between is not known, a release before a destroy, say
	return news
}
