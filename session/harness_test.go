package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

const (
	ttl      = 300 * time.Second
	interval = 5 * time.Second
	// soon bounds what should take milliseconds, on a machine that is busy with other tests.
	soon = 20 * time.Second
)

// shared is the member of all tests that do not stop it; each has keys and sessions of its own.
var shared *embedded.Member

func TestMain(m *testing.M) {
	code := 1
	if folder, err := os.MkdirTemp("", "session"); err == nil {
		code = withMember(folder, m.Run)
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

func withMember(folder string, run func() int) int {
	m, err := embedded.Start(context.Background(), embedded.Config{DataDir: folder})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer m.Close()
	shared = m
	return run()
}

// world is one etcd with any number of gateways, and what an operator does beside them.
type world struct {
	t      *testing.T
	etcd   *clientv3.Client
	member *embedded.Member
	space  keys.Space
}

var worlds atomic.Int64

func newWorld(t *testing.T, m *embedded.Member) *world {
	t.Helper()
	w := &world{t, m.NewClient(), m, keys.NewSpace(fmt.Sprintf("w%d/", worlds.Add(1)))}
	t.Cleanup(func() { w.etcd.Close() })
	return w
}

// keeper returns the keeper of one more gateway; with may change what stands between it and etcd's leases.
func (w *world) keeper(with ...func(pb.LeaseClient) pb.LeaseClient) *session.Keeper {
	w.t.Helper()
	c := w.member.NewFollower()
	s, err := store.Open(w.t.Context(), store.Config{Client: c, Space: w.space, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close(); c.Close() })
	leases := adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(w.member.Server()))
	for _, f := range with {
		leases = f(leases)
	}
	return session.NewKeeper(session.Config{Store: s, Leases: leases, TTL: ttl, Interval: interval})
}

// request makes a request id of the test's own: sessions of all worlds share their etcd's leases.
func (w *world) request(name string) string { return w.space.Prefix() + name }

func (w *world) open(k *session.Keeper, request string, ttlSeconds int32) session.Beat {
	w.t.Helper()
	b, err := k.Open(w.t.Context(), session.Opening{RequestID: w.request(request), TTLSeconds: ttlSeconds})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) marker(id session.ID) string { return w.space.Session(int64(id)) }

// item reads the key from etcd, nil when it is not there.
func (w *world) item(key string) *kv.Item {
	w.t.Helper()
	r, err := w.etcd.Get(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, i := range r.Kvs {
		return &kv.Item{
			Key: key, Value: i.Value, Create: kv.Revision(i.CreateRevision), Mod: kv.Revision(i.ModRevision), Lease: kv.LeaseID(i.Lease),
		}
	}
	return nil
}

// put writes a key as etcdctl would, on a lease unless it is 0.
func (w *world) put(key, value string, lease session.ID) {
	w.t.Helper()
	if _, err := w.etcd.Put(w.t.Context(), key, value, clientv3.WithLease(clientv3.LeaseID(lease))); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) grant(id session.ID, ttlSeconds int64) {
	w.t.Helper()
	if err := w.tryGrant(id, ttlSeconds); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tryGrant(id session.ID, ttlSeconds int64) error {
	_, err := w.leases().LeaseGrant(w.t.Context(), &pb.LeaseGrantRequest{ID: int64(id), TTL: ttlSeconds})
	return err
}

func (w *world) revoke(id session.ID) {
	w.t.Helper()
	if _, err := w.etcd.Revoke(w.t.Context(), clientv3.LeaseID(id)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) leases() pb.LeaseClient {
	return adapter.LeaseServerToLeaseClient(v3rpc.NewLeaseServer(w.member.Server()))
}

func clientLease(id kv.LeaseID) clientv3.LeaseID { return clientv3.LeaseID(id) }

// leased reports whether there is a lease of that id.
func (w *world) leased(id session.ID) bool {
	w.t.Helper()
	r, err := w.etcd.TimeToLive(w.t.Context(), clientv3.LeaseID(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return r.TTL >= 0
}

// live looks for the session as every other call does.
func (w *world) live(k *session.Keeper, id session.ID) (live bool) {
	w.t.Helper()
	err := k.Store.LookFresh(w.t.Context(), func(v mirror.View) { live = session.Live(v, id) != nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return live
}

// eventually waits for ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func ownMember(t *testing.T) *embedded.Member {
	t.Helper()
	m, err := embedded.Start(t.Context(), embedded.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}
