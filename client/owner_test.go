package client_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// owners notes under which owners locks are asked for, and lets the first answer of one method get lost.
type owners struct {
	mu   sync.Mutex
	all  []string
	lose string
}

func (o *owners) intercept(
	ctx context.Context, method string, q, a any, conn *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	err := next(ctx, method, q, a, conn, opts...)
	o.mu.Lock()
	defer o.mu.Unlock()
	if l, ok := q.(*cpgatev1.LockRequest); ok && l.GetAttempt() == 0 {
		o.all = append(o.all, l.GetOwner())
	}
	if err == nil && method == o.lose {
		o.lose, err = "", status.Error(codes.Unavailable, "lost")
	}
	return err
}

func (o *owners) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.NewWith(client.Config{
		Endpoints:   []string{cpgatetest.Start(t).Addr()},
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(o.intercept)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func once(t *testing.T, c *client.Client, name string) {
	t.Helper()
	if err := cycle(t.Context(), c.Lock(name)); err != nil {
		t.Fatal(err)
	}
}

func TestOwner_IsUsedAgainWhenItsHoldLeftNothingBehind(t *testing.T) {
	t.Parallel()
	var o owners
	c := o.client(t)
	for range 5 {
		once(t, c, "a")
	}
	once(t, c, "b")
	if n := len(slices.Compact(o.all)); n != 1 {
		t.Errorf("%d owners, one after the other: %q", n, o.all)
	}
	o.all = nil
	a, b := c.Lock("a"), c.Lock("b")
	for _, l := range []*client.Lock{a, b} {
		if _, err := l.Lock(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if o.all[0] == o.all[1] {
		t.Errorf("two holds of one owner: %q", o.all)
	}
}

// An attempt that was not answered may come late: it must not meet the next hold of its owner.
func TestOwner_OfAnythingAskedTwiceIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{cpgatev1.FencedLockService_Lock_FullMethodName, cpgatev1.FencedLockService_Unlock_FullMethodName} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			o := owners{lose: lost}
			c := o.client(t)
			once(t, c, "a")
			once(t, c, "a")
			if len(o.all) != 2 || o.all[0] == o.all[1] {
				t.Errorf("the owners are %q", o.all)
			}
		})
	}
}
