package embedded_test

import (
	"context"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/cpgate/cpgate/embedded"
)

// renews renews a lease through a member, and reports what is left of it; 0 is that there is none.
func renews(t *testing.T, m *embedded.Member, id int64) (ttl int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := m.Leases().LeaseKeepAlive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&pb.LeaseKeepAliveRequest{ID: id}); err != nil {
		t.Fatal(err)
	}
	a, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return a.TTL
}

// Leases are renewed through any member, whoever leads. Those who don't ask the leader over one connection, and another
// one when it has handed over.
func TestForward_ReachesWhoeverLeads(t *testing.T) {
	t.Parallel()
	for name, secured := range map[string]bool{"without TLS": false, "with TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, shared := cluster(t, 3), embedded.PeerTLS{}
			if secured {
				shared = peerTLS(t)
			}
			for i := range all {
				all[i].Cluster.TLS = shared
			}
			members := startAll(t, all)
			granted, err := client(t, members[0]).Grant(t.Context(), 1000)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				leader := ""
				for i, m := range members {
					if uint64(m.Server().MemberID()) == m.Leader() {
						leader = all[i].Cluster.Listen
					}
				}
				for _, m := range members {
					if ttl := renews(t, m, int64(granted.ID)); ttl != 1000 {
						t.Errorf("renewed for %d s", ttl)
					}
					if ttl := renews(t, m, int64(granted.ID)+1); ttl != 0 {
						t.Errorf("one that is not there is renewed for %d s", ttl)
					}
					forwards, leads := m.Forwards(), uint64(m.Server().MemberID()) == m.Leader()
					if !leads && (forwards == "" || forwards[len(forwards)-len(leader):] != leader) {
						t.Errorf("asked %q, and %s leads", forwards, leader)
					}
				}
				for _, m := range members {
					_ = m.HandOver(t.Context())
				}
				eventually(t, "all know the same leader", func() bool {
					l := members[0].Leader()
					return l != 0 && l == members[1].Leader() && l == members[2].Leader()
				})
			}
		})
	}
}
