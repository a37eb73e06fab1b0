package gateway

import (
	"errors"
	"net/http"

	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/client/pkg/v3/types"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/etcdhttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/raft/v3"
	"google.golang.org/grpc"
)

// Backend is the etcd whose own services are served beside ours: [NewMember] or [NewRemote].
type Backend interface {
	// server makes a gRPC server with etcd's services on it.
	server(options ...grpc.ServerOption) *grpc.Server
	// ready returns nil while there is a leader, else why none is known.
	ready() error
	// health answers as etcd does at /health.
	health() http.Handler
	// versions are etcd's. It may ask for them, for a moment.
	versions() version.Versions
	// close ends what hangs in etcd's services. Closing twice is no error.
	close()
}

var errNoLeader = errors.New("the members have no leader")

// member is an etcd server in this process.
type member struct {
	*etcdserver.EtcdServer
	locks *clientv3.Client
}

// NewMember is for an etcd server in this process, which is ready and is not closed before the gateway has
// stopped. The client serves etcd's lock and election services and nothing else: when hundreds of their waiters are
// cancelled at once, the client that they share may hang for good. The gateway closes it.
func NewMember(e *etcdserver.EtcdServer, locks *clientv3.Client) Backend { return &member{e, locks} }

func (m *member) server(options ...grpc.ServerOption) *grpc.Server {
	s := v3rpc.Server(m.EtcdServer, nil, nil, options...)
	v3lockpb.RegisterLockServer(s, v3lock.NewLockServer(m.locks))
	v3electionpb.RegisterElectionServer(s, v3election.NewElectionServer(m.locks))
	return s
}

func (m *member) ready() error {
	if m.Leader() == types.ID(raft.None) {
		return errNoLeader
	}
	return nil
}

func (m *member) health() http.Handler {
	mux := http.NewServeMux()
	etcdhttp.HandleHealth(m.Logger(), mux, m.EtcdServer)
	return mux
}

func (m *member) versions() version.Versions {
	v := version.Versions{Server: version.Version, Cluster: "not_decided", Storage: "unknown"}
	if c := m.ClusterVersion(); c != nil {
		v.Cluster = c.String()
	}
	if s := m.StorageVersion(); s != nil {
		v.Storage = s.String()
	}
	return v
}

func (m *member) close() { _ = m.locks.Close() } // an in-process client only answers that it is closed
