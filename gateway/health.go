package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc"
	grpchealth "google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// healthInterval is how late a watcher of our services' health may learn of a change.
const healthInterval = time.Second

// health answers grpc.health for our services. The health server that etcd registers knows only the empty name,
// can't be reached from outside, and can't be registered twice, so questions about our names are taken out
// of its way.
type health struct {
	ours  *grpchealth.Server
	names []string
	ready func() error
}

func newHealth(names []string, ready func() error) *health {
	h := &health{ours: grpchealth.NewServer(), names: names, ready: ready}
	h.refresh()
	return h
}

// complete adds the health service where the backend has brought none: then the empty name is ours, too.
func (h *health) complete(s *grpc.Server) {
	if _, there := s.GetServiceInfo()[healthpb.Health_ServiceDesc.ServiceName]; !there {
		h.names = append(h.names, "")
		h.refresh()
		healthpb.RegisterHealthServer(s, h.ours)
	}
}

func (h *health) refresh() {
	status := healthpb.HealthCheckResponse_SERVING
	if h.ready() != nil {
		status = healthpb.HealthCheckResponse_NOT_SERVING
	}
	for _, n := range h.names {
		h.ours.SetServingStatus(n, status)
	}
}

// watch keeps the watchers of health up to date until ctx is done.
func (h *health) watch(ctx context.Context) {
	tick := time.NewTicker(healthInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.refresh()
		case <-ctx.Done():
			h.ours.Shutdown()
			return
		}
	}
}

func (h *health) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	switch r := req.(type) {
	case *healthpb.HealthCheckRequest:
		if slices.Contains(h.names, r.Service) {
			h.refresh()
			return h.ours.Check(ctx, r)
		}
	case *healthpb.HealthListRequest:
		return h.list(ctx, r, next)
	}
	return next(ctx, req)
}

func (h *health) list(ctx context.Context, r *healthpb.HealthListRequest, next grpc.UnaryHandler) (any, error) {
	etcds, err := next(ctx, r)
	if err != nil {
		return nil, err
	}
	h.refresh()
	all, err := h.ours.List(ctx, r)
	if err != nil {
		return nil, err
	}
	maps.Copy(all.Statuses, etcds.(*healthpb.HealthListResponse).Statuses)
	return all, nil
}

func (h *health) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if info.FullMethod == healthpb.Health_Watch_FullMethodName {
		srv = watchHealth{srv.(healthpb.HealthServer), h}
	}
	return next(srv, ss)
}

// watchHealth is etcd's health server, save for our names.
type watchHealth struct {
	healthpb.HealthServer
	h *health
}

func (w watchHealth) Watch(r *healthpb.HealthCheckRequest, s healthpb.Health_WatchServer) error {
	if slices.Contains(w.h.names, r.Service) {
		return w.h.ours.Watch(r, s)
	}
	return w.HealthServer.Watch(r, s)
}
