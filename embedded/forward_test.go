package embedded_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/lease"

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

func id(m *embedded.Member) uint64 { return uint64(m.Server().MemberID()) }

// What the leader can say is asked over the pipeline, and everything else of etcd.
func TestForward_LeavesToEtcdWhatThePipelineCantSay(t *testing.T) {
	t.Parallel()
	const byEtcd = -7
	one, other := newPeer(t), newPeer(t)
	one.fails = 5
	one.Start()
	other.Start()
	leader := ""
	f := embedded.NewForward(t, func() string { return leader }, func(int64) (int64, error) { return byEtcd, nil })
	renewed := func(when string, id, want int64) {
		t.Helper()
		if ttl, err := f.Renew(t.Context(), id); err != nil || ttl != want {
			t.Errorf("%s: renewed for %d s, %v, want %d", when, ttl, err, want)
		}
	}
	renewed("without a leader", 1, byEtcd)
	leader = one.URL
	renewed("at the leader", 2, 2)
	if _, err := f.Renew(t.Context(), -3); !errors.Is(err, lease.ErrLeaseNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	leader = other.URL
	renewed("at the next leader", 4, 4)
	leader = one.URL
	renewed("which the leader can't decide", 5, byEtcd)
	renewed("shortly behind that", 6, byEtcd)
	if one.connections.Load() != 2 || other.connections.Load() != 1 {
		t.Errorf("over %d connections and %d", one.connections.Load(), other.connections.Load())
	}
	leader = other.URL
	f.Close()
	renewed("when the member has stopped", 7, byEtcd)
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
			before := uint64(0)
			for range 2 {
				lead := slices.IndexFunc(members, func(m *embedded.Member) bool { return id(m) == m.Leader() })
				if id(members[lead]) == before {
					t.Fatal("nobody else leads")
				}
				before = id(members[lead])
				for n, m := range members {
					if ttl := renews(t, m, int64(granted.ID)); ttl != 1000 {
						t.Errorf("renewed for %d s", ttl)
					}
					if ttl := renews(t, m, int64(granted.ID)+1); ttl != 0 {
						t.Errorf("one that is not there is renewed for %d s", ttl)
					}
					if n != lead && !strings.HasSuffix(m.Forwards(), "://"+all[lead].Cluster.Listen) {
						t.Errorf("m%d asked %q, and m%d leads", n, m.Forwards(), lead)
					}
				}
				if err := members[lead].HandOver(t.Context()); err != nil {
					t.Fatal(err)
				}
				eventually(t, "all know another leader", func() bool {
					l := members[0].Leader()
					return l != 0 && l != before && l == members[1].Leader() && l == members[2].Leader()
				})
			}
		})
	}
}
