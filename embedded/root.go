package embedded

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// What a node itself asks of its member it asks as root, whoever's call it is about: who may do what was decided before.
// etcd's access control needs a user "root", and takes the name in a verified certificate for the user. In memory no
// certificate has to be shown; a token, in its place, would end.

var (
	rootPeer = &peer.Peer{AuthInfo: credentials.TLSInfo{State: tls.ConnectionState{
		VerifiedChains: [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: "root"}}}},
	}}}
	noMetadata = metadata.MD{} // and so no token of the caller's, which would come first
)

// rootIn returns ctx as one that root calls with.
func rootIn(ctx context.Context) context.Context {
	return metadata.NewIncomingContext(peer.NewContext(ctx, rootPeer), noMetadata)
}

// asRoot makes a call as root. It was refused for certain, and is made again, when users or roles changed, or access
// control was switched on, between its proposal and its turn.
func asRoot[Q, A any](ctx context.Context, q Q, call func(context.Context, Q, ...grpc.CallOption) (A, error)) (A, error) {
	for ctx = rootIn(ctx); ; {
		a, err := call(ctx, q)
		if why := rpctypes.Error(err); ctx.Err() == nil &&
			(errors.Is(why, rpctypes.ErrAuthOldRevision) || errors.Is(why, rpctypes.ErrUserEmpty)) {
			continue
		}
		return a, err
	}
}

// NewClient returns a client that calls the member in memory, as root. All watches of one client share the identity of
// its first; clients share nothing. The caller closes it, before the member.
func (m *Member) NewClient() *clientv3.Client {
	c := m.NewCallers()
	c.KV = clientv3.NewKVFromKVClient(rootKV{adapter.KvServerToKvClient(v3rpc.NewQuotaKVServer(m.etcd.Server))}, c)
	c.Lease = clientv3.NewLeaseFromLeaseClient(m.Leases(), c, time.Second)
	c.Watcher = rootWatcher{c.Watcher}
	return c
}

// NewFollower returns a client as NewClient does, for who follows a range of keys: its watches tell sooner of what happens. They
// heed no options but which keys, and from which revision on.
func (m *Member) NewFollower() *clientv3.Client {
	c := m.NewClient()
	c.Watcher = newWatcher(m.etcd.Server)
	return c
}

// NewCallers returns one whose calls are made by whoever's identity their contexts carry: for etcd's own services.
func (m *Member) NewCallers() *clientv3.Client { return v3client.New(m.etcd.Server) }

// Leases returns the member's lease service in memory, asked as root.
func (m *Member) Leases() pb.LeaseClient {
	return rootLeases{adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(m.etcd.Server)), m.forward}
}

type rootKV struct{ pb.KVClient }

func (k rootKV) Range(ctx context.Context, q *pb.RangeRequest, _ ...grpc.CallOption) (*pb.RangeResponse, error) {
	return asRoot(ctx, q, k.KVClient.Range)
}

func (k rootKV) Put(ctx context.Context, q *pb.PutRequest, _ ...grpc.CallOption) (*pb.PutResponse, error) {
	return asRoot(ctx, q, k.KVClient.Put)
}

func (k rootKV) DeleteRange(ctx context.Context, q *pb.DeleteRangeRequest, _ ...grpc.CallOption) (*pb.DeleteRangeResponse, error) {
	return asRoot(ctx, q, k.KVClient.DeleteRange)
}

func (k rootKV) Txn(ctx context.Context, q *pb.TxnRequest, _ ...grpc.CallOption) (*pb.TxnResponse, error) {
	return asRoot(ctx, q, k.KVClient.Txn)
}

type rootLeases struct {
	pb.LeaseClient
	forward *forward
}

func (l rootLeases) LeaseGrant(ctx context.Context, q *pb.LeaseGrantRequest, _ ...grpc.CallOption) (*pb.LeaseGrantResponse, error) {
	return asRoot(ctx, q, l.LeaseClient.LeaseGrant)
}

func (l rootLeases) LeaseRevoke(ctx context.Context, q *pb.LeaseRevokeRequest, _ ...grpc.CallOption) (*pb.LeaseRevokeResponse, error) {
	return asRoot(ctx, q, l.LeaseClient.LeaseRevoke)
}

func (l rootLeases) LeaseKeepAlive(ctx context.Context, _ ...grpc.CallOption) (pb.Lease_LeaseKeepAliveClient, error) {
	return newRenewals(rootIn(ctx), l.forward), nil
}

type rootWatcher struct{ clientv3.Watcher }

func (w rootWatcher) Watch(ctx context.Context, key string, o ...clientv3.OpOption) clientv3.WatchChan {
	return w.Watcher.Watch(rootIn(ctx), key, o...)
}
