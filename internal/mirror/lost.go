package mirror

import "github.com/cpgate/cpgate/internal/kv"

// Lost returns what tells of holds that ended in the last Fold though nobody gave them back and their sessions live: the traces
// of those that were taken away by force, and the tickets that went with their semaphore. Whatever else takes a ticket
// away looks like a release.
func (m *Mirror) Lost() []*kv.Item { return m.lost }

// lose counts those as lost that held when the group's record went, and are gone with it.
func (m *Mirror) lose(g *group) {
	for _, i := range g.voided {
		if now := m.Get(i.Key); now == nil || now.Create != i.Create {
			m.lost = append(m.lost, i)
		}
	}
	g.voided = nil
}

// void notes who holds, as the record goes: a revision tells of the record before the tickets.
func (g *group) void() {
	g.line.Admit()
	for n := range g.line.Admitted() {
		g.voided = append(g.voided, g.line.At(n))
	}
}
