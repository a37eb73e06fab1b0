package fencedlock_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

const grace = 200 * time.Millisecond

// world is one etcd with any number of gateways.
type world struct {
	t      testing.TB
	member *embedded.Member
	etcd   *clientv3.Client
	space  keys.Space
	next   int
}

// gateway is what serves locks, without the port.
type gateway struct {
	*fencedlock.Locks
	store    *store.Store
	sessions *session.Keeper
}

func newWorld(t testing.TB) *world {
	t.Helper()
	m, err := embedded.Start(t.Context(), embedded.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	w := &world{t: t, member: m, etcd: m.NewClient(), space: keys.NewSpace("cp/")}
	t.Cleanup(func() { w.etcd.Close() })
	return w
}

func (w *world) gateway() *gateway {
	w.t.Helper()
	c := w.member.NewClient()
	st, err := store.Open(w.t.Context(), store.Config{Client: c, Space: w.space, Grace: grace, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { st.Close(); c.Close() })
	k := session.NewKeeper(session.Config{
		Store: st, TTL: 60 * time.Second, Interval: 5 * time.Second,
		Leases: adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(w.member.Server())),
	})
	w.next++
	id := fmt.Sprintf("g%d", w.next)
	p, err := k.Announce(w.t.Context(), id, "")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { p.Leave(context.Background()) })
	return &gateway{Locks: fencedlock.New(st, k, fencedlock.Limits{}, id), store: st, sessions: k}
}

func (g *gateway) open(t testing.TB, request string, ttlSeconds int32) session.ID {
	t.Helper()
	b, err := g.sessions.Open(t.Context(), session.Opening{RequestID: request, TTLSeconds: ttlSeconds})
	if err != nil {
		t.Fatal(err)
	}
	return b.ID
}
