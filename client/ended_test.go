package client_test

import (
	"context"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// A stream that was answered on, and then ends as if there were none, may have done what was under way: that is asked again as a
// further attempt, and not sent once more as the same.
func TestStream_ThatEndsAsIfThereWereNoneIsBroken(t *testing.T) {
	t.Parallel()
	node, ends := cpgatetest.Start(t), make(chan struct{})
	var attempts atomic.Int32
	c, err := client.NewWith(client.Config{Endpoints: []string{node.Addr()}, DialOptions: []grpc.DialOption{
		grpc.WithChainStreamInterceptor(func(
			ctx context.Context, d *grpc.StreamDesc, conn *grpc.ClientConn, m string, next grpc.Streamer, o ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			s, err := next(ctx, d, conn, m, o...)
			return &ending{s, ends, make(chan error, 1)}, err
		}),
		grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, m string, q, a any, conn *grpc.ClientConn, next grpc.UnaryInvoker, o ...grpc.CallOption,
		) error {
			if l, ok := q.(*cpgatev1.LockRequest); ok {
				attempts.Store(l.GetAttempt())
			}
			return next(ctx, m, q, a, conn, o...)
		}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	holder := node.Client(t).Lock("orders")
	if _, err := holder.Lock(within(t)); err != nil {
		t.Fatal(err)
	}
	waiter := lockAside(within(t), c.Lock("orders"))
	wire(t, node.Addr()).awaitWaiters(t, "orders", 1)
	close(ends)
	await(t, func() bool { return attempts.Load() == 1 })
	unlock(t, holder)
	if g := receive(t, waiter); g.err != nil {
		t.Error(g.err)
	}
}

// ending is a stream that ends with UNIMPLEMENTED once the channel is closed.
type ending struct {
	grpc.ClientStream
	ends <-chan struct{}
	got  chan error
}

func (e *ending) RecvMsg(m any) error {
	go func() { e.got <- e.ClientStream.RecvMsg(m) }()
	select {
	case err := <-e.got:
		return err
	case <-e.ends:
		return status.Error(codes.Unimplemented, "no streams")
	}
}
