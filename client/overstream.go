package client

import (
	"google.golang.org/grpc"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// OverStream is for programs that call cpgate by the generated stubs and not by a Client: the calls of the one connection that is
// made with it share a stream, as those of a Client do, so that each costs less. What the server pushes is not heard.
func OverStream() grpc.DialOption {
	m := &mux{hear: func(*cpgatev1.Event) {}}
	return grpc.WithChainUnaryInterceptor(m.call)
}
