package gateway

import (
	"math"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

const (
	// pingEvery and pingTimeout find out within 30 s that a client is gone without a word. One whose heartbeats come every
	// 20 s, for the common TTL of a minute, needs no pings.
	pingEvery   = 25 * time.Second
	pingTimeout = 5 * time.Second
	// pingsAllowed is how often a client may ask the same of us.
	pingsAllowed = time.Second
	// streamWindow and connWindow are how many bytes may be on their way to us, more than the largest request. Being fixed,
	// they spare the ping with each message by which gRPC otherwise measures how large they should be.
	streamWindow = 2 << 20
	connWindow   = 8 << 20
	// workers serve calls one after another and keep their stacks, which a goroutine for each call would have to grow. Calls
	// that find none free have goroutines of their own.
	workers = 32
)

// newGRPC makes the gRPC server with every service of the port. Later options win over etcd's own.
func newGRPC(b Backend, c *calls, h *health) *grpc.Server {
	s := b.server(
		grpc.Creds(newHandshaken()),
		grpc.ChainUnaryInterceptor(h.unary),
		grpc.ChainStreamInterceptor(h.stream),
		grpc.MaxConcurrentStreams(math.MaxUint32), // every wait is a stream, ten thousand on a connection are fine
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsAllowed, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingEvery, Timeout: pingTimeout}),
		grpc.NumStreamWorkers(workers),
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connWindow),
		grpc.WaitForHandlers(true), // so that nothing runs on etcd once Stop has returned
	)
	h.complete(s)
	c.register(s)
	reflection.Register(s)
	return s
}
