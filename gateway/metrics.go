package gateway

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// The metrics are of the process, like etcd's own: several nodes in one process share them.
var (
	callsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: "cpgate", Name: "calls_total",
		Help: "Calls to cpgate's services that were answered, over gRPC, streams and REST.",
	}, []string{"method", "code"})
	callsRunning = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "cpgate", Name: "calls_running",
		Help: "Calls to cpgate's services that are not answered yet, waits among them.",
	}, []string{"method"})
)

func newMethod(name string, impl any, h grpc.MethodHandler) *method {
	return &method{
		name: name, impl: impl, handler: h,
		running: callsRunning.WithLabelValues(name),
		ok:      callsTotal.WithLabelValues(name, codes.OK.String()),
	}
}
