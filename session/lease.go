package session

import (
	"context"
	"errors"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/internal/store"
)

// leases speaks to etcd's lease service. TTLs are in seconds. An error is rpctypes.ErrLeaseExist,
// rpctypes.ErrLeaseNotFound, store.ErrFull, ctx's own, or else store.ErrUnavailable.
type leases struct {
	client pb.LeaseClient
	// within bounds a question by the time for which there is a quorum to answer it.
	within func(context.Context) (context.Context, context.CancelFunc)
}

func (l leases) grant(ctx context.Context, id ID, ttl int64) (int64, error) {
	inside, done := l.within(ctx)
	defer done()
	r, err := l.client.LeaseGrant(inside, &pb.LeaseGrantRequest{ID: int64(id), TTL: ttl})
	if err != nil {
		return 0, leaseError(ctx, err)
	}
	return r.TTL, nil
}

func (l leases) revoke(ctx context.Context, id ID) error {
	inside, done := l.within(ctx)
	defer done()
	if _, err := l.client.LeaseRevoke(inside, &pb.LeaseRevokeRequest{ID: int64(id)}); err != nil {
		return leaseError(ctx, err)
	}
	return nil
}

func (l leases) renew(ctx context.Context, id ID) (int64, error) {
	inside, done := l.within(ctx)
	defer done()
	stream, err := l.client.LeaseKeepAlive(inside)
	if err != nil {
		return 0, leaseError(ctx, err)
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: int64(id)}); err != nil {
		return 0, leaseError(ctx, err)
	}
	r, err := stream.Recv()
	if err != nil {
		return 0, leaseError(ctx, err)
	}
	if r.TTL <= 0 {
		return 0, rpctypes.ErrLeaseNotFound
	}
	return r.TTL, nil
}

func leaseError(ctx context.Context, err error) error {
	err = rpctypes.Error(err)
	switch {
	case errors.Is(err, rpctypes.ErrLeaseExist), errors.Is(err, rpctypes.ErrLeaseNotFound):
		return err
	case errors.Is(err, rpctypes.ErrNoSpace):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
