package mirror

import (
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/value"
)

// View is what a call may look at: the mirror at one revision. It is good only until the function it was handed
// to returns; the items found through it may be kept.
type View struct{ m *Mirror }

// View returns the mirror as it now is.
func (m *Mirror) View() View { return View{m} }

// Revision returns the revision up to which everything is seen.
func (m *Mirror) Revision() kv.Revision { return m.rev }

// Get returns the key, nil when it is not there.
func (m *Mirror) Get(key string) *kv.Item {
	i, _ := m.items.Get(&kv.Item{Key: key})
	return i
}

// Revision returns the revision that is looked at.
func (v View) Revision() kv.Revision { return v.m.rev }

// Space returns how keys are spelled here.
func (v View) Space() keys.Space { return v.m.space }

// Get returns the key, nil when it is not there.
func (v View) Get(key string) *kv.Item { return v.m.Get(key) }

var nothing = newGroup("")

func (v View) group(name string) *group {
	if g, ok := v.m.groups.Get(&group{name: name}); ok {
		return g
	}
	return nothing
}

// Line returns the line whose tickets start with prefix, or the memos without a session that do; it is never nil.
func (v View) Line(prefix string) *line.Line { return v.group(prefix).line }

// Semaphore returns the record of the semaphore with that line, and what it says; nil when there is none. ok is false
// for one that can't be read.
func (v View) Semaphore(group string) (record *kv.Item, s value.Semaphore, ok bool) {
	g := v.group(group)
	return g.record, g.semaphore, g.readable
}

// Latch returns the record of the latch whose arrivals start with that, what it says, and how many arrivals remain;
// nil when there is none. ok is false for one that can't be read.
func (v View) Latch(group string) (record *kv.Item, l value.Latch, remaining int32, ok bool) {
	g := v.group(group)
	return g.record, g.latch, g.remaining(), g.readable
}

// Arrivals returns how many arrivals the round of a latch has.
func (v View) Arrivals(group string, round int64) int { return v.group(group).arrivals[round] }

// Attached returns how many keys are attached to the lease.
func (v View) Attached(lease kv.LeaseID) int { return v.m.leases[lease] }

// Scan calls f with every key that starts with prefix and is not before from, in order, until f returns false.
func (v View) Scan(prefix, from string, f func(*kv.Item) bool) {
	v.m.items.AscendGreaterOrEqual(&kv.Item{Key: max(prefix, from)}, func(i *kv.Item) bool {
		return strings.HasPrefix(i.Key, prefix) && f(i)
	})
}

// Groups calls f with the name of every lock's, semaphore's or latch's group that starts with root and comes behind the
// group after, in their order, until f returns false.
func (v View) Groups(root, after string, f func(group string) bool) {
	v.m.groups.AscendGreaterOrEqual(&group{name: max(root, after)}, func(g *group) bool {
		return strings.HasPrefix(g.name, root) && (g.name == after || f(g.name))
	})
}
