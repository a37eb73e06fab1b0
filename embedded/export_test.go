package embedded

import (
	"context"
	"time"

	"go.etcd.io/etcd/server/v3/lease"
)

// NewHistory makes the pure part of the compaction visible to its test.
func NewHistory(age time.Duration) *history { return &history{age: age} }

// Line is a connection to a member's peer port.
type Line struct{ *line }

// NewLine connects to a peer that does not encrypt.
func NewLine(peer string) Line {
	l := newLine(peer)
	go l.run(nil)
	return Line{l}
}

// Renew renews a lease.
func (l Line) Renew(ctx context.Context, id int64) (int64, error) {
	return l.renew(ctx, lease.LeaseID(id))
}

// Close ends the line.
func (l Line) Close() { l.end(context.Canceled) }

// Forwards returns the peer that the member renews leases at; empty while it asks none, or asks etcd's way.
func (m *Member) Forwards() string {
	m.forward.mu.Lock()
	defer m.forward.mu.Unlock()
	if l := m.forward.line; l != nil && l.ctx.Err() == nil {
		return l.peer
	}
	return ""
}
