package client_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func TestOverStream_CarriesTheCallsOfStubs(t *testing.T) {
	t.Parallel()
	counts := &tally{of: map[string]int{}}
	conn, err := grpc.NewClient(cpgatetest.Start(t).Addr(), client.OverStream(), grpc.WithStatsHandler(counts),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s, err := cpgatev1.NewSessionServiceClient(conn).OpenSession(t.Context(), &cpgatev1.OpenSessionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := cpgatev1.NewFencedLockServiceClient(conn).Lock(t.Context(), &cpgatev1.LockRequest{Name: "l", SessionId: s.GetSessionId()})
	if err != nil || l.GetFence() == 0 {
		t.Errorf("got %v, %v", l, err)
	}
	if n := counts.count(connectMethod); n != 1 || counts.bySelf() != 0 {
		t.Errorf("%d streams, and %d calls by themselves", n, counts.bySelf())
	}
}
