package gateway

import (
	"context"

	"github.com/cpgate/cpgate/fencedlock"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/session"
)

// lockService is cpgate.v1.FencedLockService.
type lockService struct {
	locks  *fencedlock.Locks
	keeper *session.Keeper
	cpgatev1.UnsafeFencedLockServiceServer
}

func (s *lockService) Lock(ctx context.Context, r *cpgatev1.LockRequest) (*cpgatev1.LockResponse, error) {
	var f fields
	q := fencedlock.LockRequest{
		Name:      f.name(r.GetName()),
		Caller:    f.caller(r),
		Timeout:   f.timeout(r.GetTimeout()),
		RequestID: f.orRandom(r.GetRequestId()),
		Attempt:   atLeastZero(&f, "attempt", r.GetAttempt()),
	}
	if f.err != nil {
		return nil, f.err
	}
	if tell := asked(ctx); tell != nil {
		n, who := q.Name, q.Caller
		tell(s.locks.Line(n), func() int { return s.locks.Position(n, who) })
	}
	a, err := s.locks.Lock(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.LockResponse{
		Outcome: outcomes[a.Outcome], Fence: int64(a.Fence), HoldCount: int32(a.HoldCount),
		Holder: holder(a.Holder), Position: int32(a.Position), ValidFor: validFor(s.keeper, q.Caller.Session),
	}, nil
}

func (s *lockService) Unlock(ctx context.Context, r *cpgatev1.UnlockRequest) (*cpgatev1.UnlockResponse, error) {
	var f fields
	q := fencedlock.UnlockRequest{
		Name:      f.name(r.GetName()),
		Caller:    f.caller(r),
		Fence:     fencedlock.Fence(atLeastZero(&f, "fence", r.GetFence())),
		RequestID: f.orRandom(r.GetRequestId()),
	}
	if f.err != nil {
		return nil, f.err
	}
	a, err := s.locks.Unlock(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.UnlockResponse{
		HoldCount: int32(a.HoldCount), AlreadyReleased: a.AlreadyReleased, ValidFor: validFor(s.keeper, q.Caller.Session),
	}, nil
}

func (s *lockService) CancelLock(ctx context.Context, r *cpgatev1.CancelLockRequest) (*cpgatev1.CancelLockResponse, error) {
	var f fields
	q := fencedlock.CancelRequest{
		Name:      f.name(r.GetName()),
		Caller:    f.caller(r),
		RequestID: f.requestID(r.GetRequestId()),
	}
	if f.err != nil {
		return nil, f.err
	}
	cancelled, err := s.locks.Cancel(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.CancelLockResponse{Cancelled: cancelled}, nil
}

func (s *lockService) ForceUnlock(ctx context.Context, r *cpgatev1.ForceUnlockRequest) (*cpgatev1.ForceUnlockResponse, error) {
	var f fields
	name := f.name(r.GetName())
	fence := fencedlock.Fence(atLeastZero(&f, "fence", r.GetFence()))
	if f.err != nil {
		return nil, f.err
	}
	old, err := s.locks.ForceUnlock(ctx, name, fence)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.ForceUnlockResponse{Released: old != nil, Holder: holder(old)}, nil
}

func (s *lockService) GetLock(ctx context.Context, r *cpgatev1.GetLockRequest) (*cpgatev1.GetLockResponse, error) {
	var f fields
	name := f.name(r.GetName())
	if f.err != nil {
		return nil, f.err
	}
	state, err := s.locks.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.GetLockResponse{Lock: describeLock(state)}, nil
}

func (s *lockService) ListLocks(ctx context.Context, r *cpgatev1.ListLocksRequest) (*cpgatev1.ListLocksResponse, error) {
	var f fields
	limit, after := f.pageSize(r.GetPageSize()), f.pageToken(lockPages, r.GetPageToken())
	if f.err != nil {
		return nil, f.err
	}
	page, next, err := s.locks.List(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.ListLocksResponse{Locks: each(page, describeLock), NextPageToken: nextPage(lockPages, next)}, nil
}

// called is a request of a caller.
type called interface {
	GetSessionId() string
	GetOwner() string
}

func (f *fields) caller(r called) fencedlock.Caller {
	return fencedlock.Caller{Session: f.session("session_id", r.GetSessionId()), Owner: f.owner(r.GetOwner())}
}

var outcomes = map[fencedlock.Outcome]cpgatev1.LockResponse_Outcome{
	fencedlock.Acquired:     cpgatev1.LockResponse_ACQUIRED,
	fencedlock.NotAcquired:  cpgatev1.LockResponse_NOT_ACQUIRED,
	fencedlock.LimitReached: cpgatev1.LockResponse_LIMIT_REACHED,
}

func describeLock(s fencedlock.State) *cpgatev1.FencedLock {
	return &cpgatev1.FencedLock{
		Name: text(s.Name), Fence: int64(s.Fence), HoldCount: int32(s.HoldCount), Holder: holder(s.Holder),
		Waiters: each(s.Waiters, ticket), WaiterCount: int32(s.WaiterCount),
	}
}

func holder(t *fencedlock.Ticket) *cpgatev1.Ticket {
	if t == nil {
		return nil
	}
	return ticket(*t)
}

func ticket(t fencedlock.Ticket) *cpgatev1.Ticket {
	return &cpgatev1.Ticket{
		SessionId: sessionID(t.Caller.Session), Owner: t.Caller.Owner, Since: moment(t.Since), Fence: int64(t.Fence),
		Position: int32(t.Position), Foreign: t.Foreign, Key: text(t.Key),
	}
}
