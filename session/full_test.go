package session_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// fullKV answers every transaction that there was no room; where it fills etcd up, it was committed all the same.
type fullKV struct {
	clientv3.KV
	fills bool
}

type fullTxn struct {
	clientv3.Txn
	fills bool
}

func (f fullKV) Txn(ctx context.Context) clientv3.Txn { return fullTxn{f.KV.Txn(ctx), f.fills} }

func (f fullTxn) If(cs ...clientv3.Cmp) clientv3.Txn  { return fullTxn{f.Txn.If(cs...), f.fills} }
func (f fullTxn) Then(os ...clientv3.Op) clientv3.Txn { return fullTxn{f.Txn.Then(os...), f.fills} }

func (f fullTxn) Commit() (*clientv3.TxnResponse, error) {
	if f.fills {
		if _, err := f.Txn.Commit(); err != nil {
			return nil, err
		}
	}
	return nil, rpctypes.ErrNoSpace
}

// fullLeases has no room for another lease.
type fullLeases struct{ pb.LeaseClient }

func (fullLeases) LeaseGrant(context.Context, *pb.LeaseGrantRequest, ...grpc.CallOption) (*pb.LeaseGrantResponse, error) {
	return nil, rpctypes.ErrGRPCNoSpace
}

// fullKeeper is of a gateway whose transactions find no room.
func (w *world) fullKeeper(fills bool) *session.Keeper {
	w.t.Helper()
	c := w.member.NewFollower()
	c.KV = fullKV{c.KV, fills}
	s, err := store.Open(w.t.Context(), store.Config{Client: c, Space: w.space, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close(); c.Close() })
	return session.NewKeeper(session.Config{Store: s, Leases: w.member.Leases(), TTL: ttl, Interval: interval})
}

func TestOpenInAFullDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	for what, k := range map[string]*session.Keeper{
		"for the lease":  w.keeper(func(l pb.LeaseClient) pb.LeaseClient { return fullLeases{l} }),
		"for the marker": w.fullKeeper(false),
	} {
		_, err := k.Open(t.Context(), session.Opening{RequestID: w.request(what)})
		if !errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("no room %s: %v", what, err)
		}
	}
	b, err := w.fullKeeper(true).Open(t.Context(), session.Opening{RequestID: w.request("fills")})
	if err != nil || w.item(w.marker(b.ID)) == nil {
		t.Errorf("a marker that fills etcd up: %+v, %v", b, err)
	}
	if again := w.open(w.keeper(), "for the marker", 0); w.item(w.marker(again.ID)) == nil {
		t.Error("once there is room, it is not opened")
	}
}
