package embedded

import (
	"context"
	"errors"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/lease"
	"google.golang.org/grpc"
)

// renewals is a stream of renewals that ends where it begins: what is received is renewed then. etcd's own, in memory,
// takes two goroutines and a good deal of channels for each stream, and there is one for each heartbeat.
type renewals struct {
	grpc.ClientStream // none: what is not said below is not asked
	ctx               context.Context
	forward           *forward
	asked             chan int64
}

func newRenewals(ctx context.Context, f *forward) *renewals {
	return &renewals{ctx: ctx, forward: f, asked: make(chan int64, 1)}
}

func (r *renewals) Context() context.Context { return r.ctx }

func (r *renewals) CloseSend() error { return nil }

func (r *renewals) Send(q *pb.LeaseKeepAliveRequest) error {
	select {
	case r.asked <- q.ID:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// Recv answers a lease that is not there with a TTL of 0, as etcd does.
func (r *renewals) Recv() (*pb.LeaseKeepAliveResponse, error) {
	select {
	case id := <-r.asked:
		ttl, err := r.forward.renew(r.ctx, lease.LeaseID(id))
		if errors.Is(err, lease.ErrLeaseNotFound) {
			ttl, err = 0, nil
		}
		return &pb.LeaseKeepAliveResponse{Header: &pb.ResponseHeader{}, ID: id, TTL: ttl}, err
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
}
