package gateway

import (
	"math"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

const (
	// pingEvery and pingTimeout find out within 30 s that a client is gone without a word.
	pingEvery   = 20 * time.Second
	pingTimeout = 10 * time.Second
	// pingsAllowed is how often a client may ask the same of us.
	pingsAllowed = time.Second
)

// newGRPC makes the gRPC server with every service of the port. Later options win over etcd's own.
func newGRPC(e *etcdserver.EtcdServer, locks *clientv3.Client, c *calls, h *health) *grpc.Server {
	s := v3rpc.Server(e, nil, nil,
		grpc.ChainUnaryInterceptor(h.unary),
		grpc.ChainStreamInterceptor(h.stream),
		grpc.MaxConcurrentStreams(math.MaxUint32), // every wait is a stream, ten thousand on a connection are fine
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsAllowed, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingEvery, Timeout: pingTimeout}),
		grpc.WaitForHandlers(true), // so that nothing runs on etcd once Stop has returned
	)
	v3lockpb.RegisterLockServer(s, v3lock.NewLockServer(locks))
	v3electionpb.RegisterElectionServer(s, v3election.NewElectionServer(locks))
	c.register(s)
	reflection.Register(s)
	return s
}
