package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
)

// leases is etcd's lease service, as the cluster offers it, save that renewals share a stream: clientv3 asks for a new
// token with every stream, and that costs etcd a tenth of a second where there is a user.
type leases struct {
	pb.UnsafeLeaseServer
	client  pb.LeaseClient
	renewal *renewals
}

func newLeases(conn grpc.ClientConnInterface) *leases {
	c := pb.NewLeaseClient(conn)
	return &leases{client: c, renewal: &renewals{client: c}}
}

func (l *leases) LeaseGrant(ctx context.Context, q *pb.LeaseGrantRequest) (*pb.LeaseGrantResponse, error) {
	return l.client.LeaseGrant(ctx, q)
}

func (l *leases) LeaseRevoke(ctx context.Context, q *pb.LeaseRevokeRequest) (*pb.LeaseRevokeResponse, error) {
	return l.client.LeaseRevoke(ctx, q)
}

func (l *leases) LeaseTimeToLive(ctx context.Context, q *pb.LeaseTimeToLiveRequest) (*pb.LeaseTimeToLiveResponse, error) {
	return l.client.LeaseTimeToLive(ctx, q)
}

func (l *leases) LeaseLeases(ctx context.Context, q *pb.LeaseLeasesRequest) (*pb.LeaseLeasesResponse, error) {
	return l.client.LeaseLeases(ctx, q)
}

func (l *leases) LeaseKeepAlive(s pb.Lease_LeaseKeepAliveServer) error {
	for {
		q, err := s.Recv()
		if err != nil {
			return err
		}
		a, err := l.renewal.renew(s.Context(), q.ID)
		if err != nil {
			return err
		}
		if err := s.Send(a); err != nil {
			return err
		}
	}
}

const (
	// stale is when an answer is not expected any more: etcd answers in the order of the questions, so others wait behind.
	stale = time.Second
	// untilKnown is how long the voters may take to know of a token that one of them gave, and unknownPause how long it is waited
	// until they are asked again.
	untilKnown, unknownPause = 2 * time.Second, 20 * time.Millisecond
)

// renew renews one lease. What a broken stream has swallowed is asked again, once: renewing twice is no harm.
func (r *renewals) renew(ctx context.Context, id int64) (*pb.LeaseKeepAliveResponse, error) {
	began := time.Now()
	for again := false; ; again = true {
		s, fresh := r.current()
		a, err := s.ask(ctx, id)
		switch {
		case err == nil || ctx.Err() != nil:
			return a, err
		case errors.Is(rpctypes.Error(err), rpctypes.ErrInvalidAuthToken) && time.Since(began) < untilKnown:
			// Of a new stream clientv3 asks one voter for a token and, as a rule, another one for the stream.
			time.Sleep(unknownPause)
		case again || fresh:
			return a, err
		}
	}
}

// ask asks for one renewal over s.
func (s *stream) ask(ctx context.Context, id int64) (*pb.LeaseKeepAliveResponse, error) {
	q, asked := question{id, make(chan *pb.LeaseKeepAliveResponse, 1)}, time.Now()
	select {
	case s.questions <- q:
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	case <-ctx.Done():
		s.doubt(asked)
		return nil, ctx.Err()
	}
	select {
	case a := <-q.answer:
		return a, nil
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	case <-ctx.Done():
		s.doubt(asked)
		return nil, ctx.Err()
	}
}

// doubt ends a stream that has not answered for too long.
func (s *stream) doubt(asked time.Time) {
	if took := time.Since(asked); took > stale {
		s.end(fmt.Errorf("renewing leases: no answer for %v", took))
	}
}
