package remote_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"

	"github.com/cpgate/cpgate/remote"
)

// strangers are voters of which the first so many that are asked for a stream don't know its token yet.
type strangers struct {
	pb.LeaseClient
	unknown int32
	why     error
	asked   atomic.Int32
}

func (s *strangers) LeaseKeepAlive(ctx context.Context, _ ...grpc.CallOption) (pb.Lease_LeaseKeepAliveClient, error) {
	if s.asked.Add(1) <= s.unknown {
		return &renewing{ctx: ctx, why: s.why}, nil
	}
	return &renewing{ctx: ctx, asked: make(chan int64, 1)}, nil
}

// renewing is a stream that answers, or has ended with why.
type renewing struct {
	grpc.ClientStream
	ctx   context.Context
	why   error
	asked chan int64
}

func (r *renewing) Send(q *pb.LeaseKeepAliveRequest) error {
	if r.why == nil {
		r.asked <- q.ID
	}
	return nil
}

func (r *renewing) Recv() (*pb.LeaseKeepAliveResponse, error) {
	if r.why != nil {
		return nil, r.why
	}
	select {
	case id := <-r.asked:
		return &pb.LeaseKeepAliveResponse{ID: id, TTL: 1}, nil
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
}

// A token that one voter has just given is not known to all at once.
func TestRenewals_WaitUntilTheVotersKnowTheToken(t *testing.T) {
	t.Parallel()
	s := &strangers{unknown: 5, why: rpctypes.ErrGRPCInvalidAuthToken}
	if a, err := remote.Renew(s)(t.Context(), 7); err != nil || a.ID != 7 {
		t.Errorf("got %v, %v", a, err)
	}
}

func TestRenewals_TryABrokenStreamOnce(t *testing.T) {
	t.Parallel()
	s := &strangers{unknown: 5, why: errors.New("broken")}
	if a, err := remote.Renew(s)(t.Context(), 7); !errors.Is(err, s.why) || s.asked.Load() > 2 {
		t.Errorf("got %v, %v from %d streams", a, err, s.asked.Load())
	}
}
