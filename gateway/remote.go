package gateway

import (
	"context"
	"net/http"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/version"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

// versionTime is how long /version waits for etcd's.
const versionTime = time.Second

// RemoteConfig is what it takes to serve an etcd cluster that runs elsewhere.
type RemoteConfig struct {
	// Own is a client that acts for the gateway.
	Own *clientv3.Client
	// Caller is one that acts for nobody: made with [CallerOptions], its calls have the rights of whoever's token they
	// carry. etcd's own API goes over it, and nothing else. The gateway closes it.
	Caller *clientv3.Client
	// Ready returns nil while there is a leader, else why none is known.
	Ready func() error
}

// CallerOptions hand on the token of the caller, not the gateway's.
func CallerOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithUnaryInterceptor(grpcproxy.AuthUnaryClientInterceptor),
		grpc.WithStreamInterceptor(grpcproxy.AuthStreamClientInterceptor),
	}
}

// remote is an etcd cluster that runs elsewhere. What it serves goes through etcd's own gRPC proxy.
type remote struct{ RemoteConfig }

// NewRemote is for an etcd cluster that runs elsewhere.
func NewRemote(c RemoteConfig) Backend { return &remote{c} }

func (r *remote) server(options ...grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(append(options, grpc.MaxRecvMsgSize(maxEtcdBody))...)
	log := zap.NewNop() // it would be told every watch
	kvs, _ := grpcproxy.NewKvProxy(r.Caller)
	watch, _ := grpcproxy.NewWatchProxy(r.Caller.Ctx(), log, r.Caller)
	lease, _ := grpcproxy.NewLeaseProxy(r.Caller.Ctx(), r.Caller)
	cluster, _ := grpcproxy.NewClusterProxy(log, r.Caller, "", "")
	pb.RegisterKVServer(s, kvs)
	pb.RegisterWatchServer(s, watch)
	pb.RegisterLeaseServer(s, lease)
	pb.RegisterClusterServer(s, cluster)
	pb.RegisterMaintenanceServer(s, grpcproxy.NewMaintenanceProxy(r.Caller))
	pb.RegisterAuthServer(s, grpcproxy.NewAuthProxy(r.Caller))
	v3lockpb.RegisterLockServer(s, grpcproxy.NewLockProxy(r.Caller))
	v3electionpb.RegisterElectionServer(s, grpcproxy.NewElectionProxy(r.Caller))
	return s
}

func (r *remote) ready() error { return r.Ready() }

func (r *remote) health() http.Handler {
	mux := http.NewServeMux()
	grpcproxy.HandleHealth(nil, mux, r.Own)
	return mux
}

// versions asks one of the members, which does not tell the version of the cluster.
func (r *remote) versions() version.Versions {
	v := version.Versions{Server: "unknown", Cluster: "unknown", Storage: "unknown"}
	ctx, cancel := context.WithTimeout(r.Own.Ctx(), versionTime)
	defer cancel()
	if st, err := pb.NewMaintenanceClient(r.Own.ActiveConnection()).Status(ctx, &pb.StatusRequest{}); err == nil {
		v.Server, v.Storage = st.Version, st.StorageVersion
	}
	return v
}

func (r *remote) close() { _ = r.Caller.Close() } // its calls end with it
