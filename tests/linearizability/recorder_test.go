package linearizability_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/tests/linearizability"
)

// recorder notes what clients ask and are told.
type recorder struct {
	began time.Time

	mu      sync.Mutex
	history linearizability.History
}

func (r *recorder) now() int64 { return int64(time.Since(r.began)) }

// dial is a way to make a call: that of gRPC and of REST.
type dial func(ctx context.Context, method string, q, a proto.Message) error

// watched makes a way to a server that is recorded.
func (r *recorder) watched(client, route, endpoint string, to dial) dial {
	return func(ctx context.Context, method string, q, a proto.Message) error {
		seen := linearizability.Attempt{
			Client: client, Route: route, Endpoint: endpoint, Request: proto.Clone(q), Call: r.now(),
		}
		err := to(ctx, method, q, a)
		seen.Return = r.now()
		if err == nil {
			seen.Answer = proto.Clone(a)
		} else {
			seen.Reason, seen.Lost = reasonOf(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.history = append(r.history, seen)
		return err
	}
}

// interceptor records the calls of a Go client.
func (r *recorder) interceptor(client string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, q, a any, c *grpc.ClientConn, next grpc.UnaryInvoker, o ...grpc.CallOption) error {
		to := func(ctx context.Context, method string, q, a proto.Message) error {
			return next(ctx, method, q, a, c, o...)
		}
		endpoint := strings.TrimPrefix(c.Target(), "passthrough:///")
		return r.watched(client, "Go client", endpoint, to)(ctx, method, q.(proto.Message), a.(proto.Message))
	}
}

// all is what was recorded so far.
func (r *recorder) all() linearizability.History {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(linearizability.History{}, r.history...)
}

// reasonOf tells why a call failed, and whether that leaves open what became of it.
func reasonOf(err error) (reason string, lost bool) {
	st := status.Convert(err)
	for _, d := range st.Details() {
		if i, ok := d.(*errdetails.ErrorInfo); ok && i.GetDomain() == "cpgate" {
			return i.GetReason(), i.GetReason() == cpgatev1.ErrorReason_NO_QUORUM.String()
		}
	}
	switch st.Code() {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		return st.Code().String(), true
	}
	return st.String(), false
}
