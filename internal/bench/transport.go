package bench

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Unary makes every call of a client go by itself, as those of other languages do, instead of over the stream that its
// calls share: it adds to them what a frame can't say.
func Unary() grpc.DialOption {
	return grpc.WithUnaryInterceptor(func(
		ctx context.Context, method string, q, a any, conn *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		return next(metadata.AppendToOutgoingContext(ctx, "cpgate-bench", "unary"), method, q, a, conn, opts...)
	})
}
