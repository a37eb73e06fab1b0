package mirror

import (
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
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

var nobody = line.New(0)

// Line returns the line whose tickets start with prefix; it is never nil.
func (v View) Line(prefix string) *line.Line {
	if l, ok := v.m.lines[prefix]; ok {
		return l
	}
	return nobody
}

// Attached returns how many keys are attached to the lease.
func (v View) Attached(lease kv.LeaseID) int { return v.m.leases[lease] }

// Scan calls f with every key that starts with prefix and is not before from, in order, until f returns false.
func (v View) Scan(prefix, from string, f func(*kv.Item) bool) {
	v.m.items.AscendGreaterOrEqual(&kv.Item{Key: max(prefix, from)}, func(i *kv.Item) bool {
		return strings.HasPrefix(i.Key, prefix) && f(i)
	})
}

// Lines calls f with every line whose name starts with prefix and is not before from, in the order of their
// names, until f returns false.
func (v View) Lines(prefix, from string, f func(name string, l *line.Line) bool) {
	for from := max(prefix, from); ; {
		name := v.lineAt(prefix, from)
		if name == "" || !f(name, v.Line(name)) {
			return
		}
		from = strings.TrimSuffix(name, "/") + "0" // '0' follows '/': behind every key of this line
	}
}

// lineAt returns the name of the first line at or behind from.
func (v View) lineAt(prefix, from string) (name string) {
	v.Scan(prefix, from, func(i *kv.Item) bool {
		var ok bool
		name, ok = v.m.space.LineOf(i.Key)
		return !ok
	})
	return name
}
