package embedded

import (
	"context"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/lease"
)

// NewHistory makes the pure part of the compaction visible to its test.
func NewHistory(age time.Duration) *history { return &history{age: age} }

// Pipeline is a connection to a member's peer port.
type Pipeline struct{ *pipeline }

// NewPipeline connects to a peer that does not encrypt.
func NewPipeline(ctx context.Context, peer string) Pipeline {
	p := newPipeline(ctx, peer)
	go p.run(nil)
	return Pipeline{p}
}

// Renew renews a lease.
func (p Pipeline) Renew(ctx context.Context, id int64) (int64, error) {
	return p.renew(ctx, lease.LeaseID(id))
}

// Forward renews leases at a leader.
type Forward struct{ *forward }

// NewForward renews at whoever leads, by the URL of its peer port, and else as etcd does.
func NewForward(t *testing.T, leader func() string, etcd func(int64) (int64, error)) Forward {
	f := newForward(nil, nil)
	f.leader = leader
	f.etcd = func(_ context.Context, id lease.LeaseID) (int64, error) { return etcd(int64(id)) }
	t.Cleanup(f.close)
	return Forward{f}
}

// Renew renews a lease.
func (f Forward) Renew(ctx context.Context, id int64) (int64, error) {
	return f.renew(ctx, lease.LeaseID(id))
}

// Close ends what is under way.
func (f Forward) Close() { f.close() }

// Forwards returns the peer that the member renews leases at; empty while it asks none, or asks etcd's way.
func (m *Member) Forwards() string {
	m.forward.mu.Lock()
	defer m.forward.mu.Unlock()
	if p := m.forward.last; p != nil && p.ctx.Err() == nil {
		return p.peer
	}
	return ""
}
