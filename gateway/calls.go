package gateway

import (
	"context"
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// calls is the one way into our services, for gRPC, streams and REST alike: whether a call may be made, what it counts as and
// how its error looks is decided in do, once.
//
// etcd's interceptors are left aside here. They log every call of more than 300 ms as slow, which a wait for a
// lock is meant to be, and refuse what a learner does not serve, which cpgate's calls are no part of.
type calls struct {
	gate     *gate
	services []*grpc.ServiceDesc
	methods  map[string]*method
	log      *slog.Logger
}

// method is one method of a service, ready to be called.
type method struct {
	name    string // "/cpgate.v1.FencedLockService/Lock"
	impl    any
	handler grpc.MethodHandler
	running prometheus.Gauge
	ok      prometheus.Counter
}

var errNoStreams = errors.New("no stream is served over REST")

func newCalls(g *gate, log *slog.Logger) *calls {
	return &calls{gate: g, methods: map[string]*method{}, log: log}
}

// add adds a service and its implementation.
func (c *calls) add(desc grpc.ServiceDesc, impl any) {
	methods := make([]grpc.MethodDesc, 0, len(desc.Methods))
	for _, d := range desc.Methods {
		m := newMethod("/"+desc.ServiceName+"/"+d.MethodName, impl, d.Handler)
		c.methods[m.name] = m
		methods = append(methods, grpc.MethodDesc{MethodName: d.MethodName, Handler: c.handler(m)})
	}
	desc.Methods = methods
	c.services = append(c.services, &desc)
}

func (c *calls) handler(m *method) grpc.MethodHandler {
	return func(_ any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		return c.do(ctx, m, read)
	}
}

// register adds the services to a gRPC server.
func (c *calls) register(r grpc.ServiceRegistrar) {
	for _, d := range c.services {
		r.RegisterService(d, c.methods["/"+d.ServiceName+"/"+d.Methods[0].MethodName].impl)
	}
}

func (c *calls) names() (names []string) {
	for _, d := range c.services {
		names = append(names, d.ServiceName)
	}
	return names
}

// do runs one call. read fills in the request. The error is a gRPC status.
func (c *calls) do(ctx context.Context, m *method, read func(any) error) (any, error) {
	m.running.Inc()
	defer m.running.Dec()
	var unread error
	resp, err := m.handler(m.impl, ctx, func(v any) error { unread = read(v); return unread }, c.gate.pass)
	switch {
	case unread != nil:
		return nil, unread // what grpc can't read, grpc has answered already
	case err == nil:
		m.ok.Inc()
		return resp, nil
	}
	st, known := statusOf(err)
	if !known {
		c.log.Error("a call failed", "method", m.name, "error", err)
	}
	callsTotal.WithLabelValues(m.name, st.Code().String()).Inc()
	return nil, st.Err()
}

// Invoke runs a call that came over REST: with it, calls is the connection that the generated REST handlers ask
// for, without a network in between.
func (c *calls) Invoke(ctx context.Context, name string, args, reply any, _ ...grpc.CallOption) error {
	m, ok := c.methods[name]
	if !ok {
		return status.Errorf(codes.Unimplemented, "unknown method %s", name)
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	resp, err := c.do(metadata.NewIncomingContext(ctx, md), m, func(v any) error {
		proto.Merge(v.(proto.Message), args.(proto.Message))
		return nil
	})
	if err != nil {
		return err
	}
	proto.Merge(reply.(proto.Message), resp.(proto.Message))
	return nil
}

// NewStream is not needed: none of the services that REST serves streams.
func (c *calls) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errNoStreams
}
