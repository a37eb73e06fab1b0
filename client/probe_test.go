package client_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate/cpgatetest"
)

// A wait may stay behind on an endpoint that other calls went away from. When that falls silent, it follows them.
func TestLock_FollowsFromAnEndpointThatOthersLeft(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	s, first := wire(t, node.Addr()), newProxy(t, node.Addr())
	cfg := at(first.addr(), node.Addr())
	cfg.SessionTTL = 3 * time.Second
	var sendAway atomic.Bool
	cfg.DialOptions = []grpc.DialOption{grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if strings.HasSuffix(cc.Target(), first.addr()) && sendAway.CompareAndSwap(true, false) {
			return status.Error(codes.Unavailable, "ask elsewhere")
		}
		return call(ctx, method, req, reply, cc, opts...)
	})}
	busy, c := node.Client(t).Lock("orders"), connect(t, cfg)
	lock(t, busy)
	waiting := lockAside(within(t), c.Lock("orders"))
	s.awaitWaiters(t, "orders", 1)
	sendAway.Store(true)
	lock(t, c.Lock("other"))
	await(t, func() bool { return !sendAway.Load() })
	first.freeze()
	defer first.thaw()
	unlock(t, busy)
	if g := receive(t, waiting); g.err != nil {
		t.Errorf("%+v", g)
	}
}
