package tests

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// BenchmarkClientLockUnlock measures a lock and an unlock of a lock of the caller's own by the Go client, whose calls go over a
// stream, or each by itself as to a server that has none.
func BenchmarkClientLockUnlock(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		for via, options := range map[string][]grpc.DialOption{"stream": nil, "unary": {grpc.WithStreamInterceptor(noStream)}} {
			b.Run(fmt.Sprintf("via=%s/callers=%d", via, callers), func(b *testing.B) {
				c, err := client.NewWith(client.Config{Endpoints: []string{cpgatetest.Start(b).Addr()}, DialOptions: options})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { _ = c.Close() })
				share(b, callers, func(n int) error {
					l := c.Lock("own-" + strconv.Itoa(n))
					if _, err := l.Lock(b.Context()); err != nil {
						return err
					}
					return l.Unlock(b.Context())
				})
			})
		}
	}
}

func noStream(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "no streams")
}
