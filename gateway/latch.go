package gateway

import (
	"context"

	"github.com/cpgate/cpgate/countdownlatch"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// latchService is cpgate.v1.CountDownLatchService.
type latchService struct {
	latches *countdownlatch.Latches
	cpgatev1.UnsafeCountDownLatchServiceServer
}

func (s *latchService) TrySetCount(ctx context.Context, r *cpgatev1.TrySetCountRequest) (*cpgatev1.TrySetCountResponse, error) {
	var f fields
	q := countdownlatch.SetRequest{
		Name:      f.name(r.GetName()),
		Count:     f.count(r.GetCount()),
		RequestID: f.orRandom(r.GetRequestId()),
		Attempt:   atLeastZero(&f, "attempt", r.GetAttempt()),
	}
	if f.err != nil {
		return nil, f.err
	}
	a, err := s.latches.TrySetCount(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.TrySetCountResponse{Set: a.Set, Round: int64(a.Round)}, nil
}

func (s *latchService) CountDown(ctx context.Context, r *cpgatev1.CountDownRequest) (*cpgatev1.CountDownResponse, error) {
	var f fields
	q := countdownlatch.CountDownRequest{
		Name:      f.name(r.GetName()),
		Round:     countdownlatch.Round(atLeastZero(&f, "round", r.GetRound())),
		RequestID: f.orRandom(r.GetRequestId()),
	}
	if f.err != nil {
		return nil, f.err
	}
	a, err := s.latches.CountDown(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.CountDownResponse{Remaining: a.Remaining, Round: int64(a.Round)}, nil
}

func (s *latchService) Await(ctx context.Context, r *cpgatev1.AwaitRequest) (*cpgatev1.AwaitResponse, error) {
	var f fields
	q := countdownlatch.AwaitRequest{Name: f.name(r.GetName()), Timeout: f.timeout(r.GetTimeout())}
	if f.err != nil {
		return nil, f.err
	}
	a, err := s.latches.Await(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.AwaitResponse{Completed: a.Completed, Remaining: a.Remaining, Round: int64(a.Round)}, nil
}

func (s *latchService) GetLatch(ctx context.Context, r *cpgatev1.GetLatchRequest) (*cpgatev1.GetLatchResponse, error) {
	var f fields
	name := f.name(r.GetName())
	if f.err != nil {
		return nil, f.err
	}
	state, err := s.latches.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.GetLatchResponse{Latch: describeLatch(state)}, nil
}

func (s *latchService) ListLatches(ctx context.Context, r *cpgatev1.ListLatchesRequest) (*cpgatev1.ListLatchesResponse, error) {
	var f fields
	limit, after := f.pageSize(r.GetPageSize()), f.pageToken(latchPages, r.GetPageToken())
	if f.err != nil {
		return nil, f.err
	}
	page, next, err := s.latches.List(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.ListLatchesResponse{
		Latches:       each(page, describeLatch),
		NextPageToken: nextPage(latchPages, next),
	}, nil
}

func (s *latchService) DestroyLatch(ctx context.Context, r *cpgatev1.DestroyLatchRequest) (*cpgatev1.DestroyLatchResponse, error) {
	var f fields
	name := f.name(r.GetName())
	if f.err != nil {
		return nil, f.err
	}
	destroyed, err := s.latches.Destroy(ctx, name)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.DestroyLatchResponse{Destroyed: destroyed}, nil
}

func (f *fields) count(n int32) int32 {
	if n < 1 || n > countdownlatch.MaxCount {
		f.fail(invalid("count", "must be 1 to %d, is %d", countdownlatch.MaxCount, n))
	}
	return n
}

func describeLatch(s countdownlatch.State) *cpgatev1.CountDownLatch {
	return &cpgatev1.CountDownLatch{
		Name: text(s.Name), Count: s.Count, Remaining: s.Remaining, Round: int64(s.Round),
	}
}
