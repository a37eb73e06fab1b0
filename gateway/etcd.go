package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/tmc/grpc-websocket-proxy/wsproxy"
	etcdgw "go.etcd.io/etcd/api/v3/etcdserverpb/gw"
	electiongw "go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb/gw"
	lockgw "go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb/gw"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/protojson"
)

const (
	// loopbackBuffer is what one side of the connection in memory may be ahead of the other, in bytes.
	loopbackBuffer = 256 << 10
	// maxEtcdBody is how large a request to etcd's JSON API may be, in bytes: what etcd itself takes, in base64.
	maxEtcdBody = 16 << 20
)

// dialLoopback connects to a gRPC server of this process.
func dialLoopback(l *bufconn.Listener) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///loopback",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)),
	)
	if err != nil {
		return nil, fmt.Errorf("connecting etcd's JSON API: %w", err)
	}
	return conn, nil
}

// newEtcdJSON serves /v3/ as etcd itself does: the same generated handlers, the same JSON, streams over
// WebSockets too.
func newEtcdJSON(conn *grpc.ClientConn, log *slog.Logger) (http.Handler, error) {
	mux := runtime.NewServeMux(runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.HTTPBodyMarshaler{
		Marshaler: &runtime.JSONPb{
			MarshalOptions:   protojson.MarshalOptions{UseProtoNames: true},
			UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true},
		},
	}))
	for _, register := range []func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{
		etcdgw.RegisterKVHandler, etcdgw.RegisterWatchHandler, etcdgw.RegisterLeaseHandler,
		etcdgw.RegisterClusterHandler, etcdgw.RegisterMaintenanceHandler, etcdgw.RegisterAuthHandler,
		lockgw.RegisterLockHandler, electiongw.RegisterElectionHandler,
	} {
		if err := register(context.Background(), mux, conn); err != nil {
			return nil, fmt.Errorf("registering etcd's JSON API: %w", err)
		}
	}
	ws := wsproxy.WebsocketProxy(mux,
		wsproxy.WithRequestMutator(func(_, out *http.Request) *http.Request {
			out.Method = http.MethodPost // a WebSocket opens with GET, the streams are served under POST
			return out
		}),
		wsproxy.WithMaxRespBodyBufferSize(math.MaxInt32),
		wsproxy.WithLogger(wsLog{log}),
	)
	return http.MaxBytesHandler(ws, maxEtcdBody), nil
}

type wsLog struct{ *slog.Logger }

func (l wsLog) Warnln(args ...any) { l.Debug("websocket", "event", fmt.Sprint(args...)) }

func (l wsLog) Debugln(...any) {} // it tells every message
