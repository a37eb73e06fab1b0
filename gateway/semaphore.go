package gateway

import (
	"context"

	"github.com/cpgate/cpgate/internal/keys"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// semaphoreService is cpgate.v1.SemaphoreService.
type semaphoreService struct {
	semaphores *semaphore.Semaphores
	keeper     *session.Keeper
	cpgatev1.UnsafeSemaphoreServiceServer
}

func (s *semaphoreService) InitSemaphore(ctx context.Context, r *cpgatev1.InitSemaphoreRequest) (*cpgatev1.InitSemaphoreResponse, error) {
	var f fields
	q := semaphore.InitRequest{
		Name:        f.name(r.GetName()),
		Permits:     semaphore.Permits(atLeastZero(&f, "permits", r.GetPermits())),
		Sessionless: r.GetSessionless(),
		RequestID:   f.orRandom(r.GetRequestId()),
	}
	if f.err != nil {
		return nil, f.err
	}
	initialized, err := s.semaphores.Init(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.InitSemaphoreResponse{Initialized: initialized}, nil
}

func (s *semaphoreService) Acquire(ctx context.Context, r *cpgatev1.AcquireRequest) (*cpgatev1.AcquireResponse, error) {
	var f fields
	q := semaphore.AcquireRequest{
		Name:      f.name(r.GetName()),
		Caller:    f.borrower(r),
		Permits:   f.permits(r.Permits),
		Timeout:   f.timeout(r.GetTimeout()),
		RequestID: f.orRandom(r.GetRequestId()),
		Attempt:   atLeastZero(&f, "attempt", r.GetAttempt()),
	}
	if f.err != nil {
		return nil, f.err
	}
	if tell := asked(ctx); tell != nil {
		n, who, request := q.Name, q.Caller, q.RequestID
		tell(s.semaphores.Line(n), func() int { return s.semaphores.Position(n, who, request) })
	}
	a, err := s.semaphores.Acquire(ctx, q)
	if err != nil {
		return nil, err
	}
	valid := validFor(s.keeper, q.Caller.Session)
	if !a.Acquired {
		return &cpgatev1.AcquireResponse{
			Outcome: cpgatev1.AcquireResponse_NOT_ACQUIRED, Available: int32(a.Available), Position: int32(a.Position),
			ValidFor: valid,
		}, nil
	}
	return &cpgatev1.AcquireResponse{
		Outcome: cpgatev1.AcquireResponse_ACQUIRED, TicketId: ticketID(q.Caller, q.RequestID), ValidFor: valid,
	}, nil
}

func (s *semaphoreService) CancelAcquire(ctx context.Context, r *cpgatev1.CancelAcquireRequest) (*cpgatev1.CancelAcquireResponse, error) {
	var f fields
	q := semaphore.CancelRequest{
		Name:      f.name(r.GetName()),
		Caller:    semaphore.Caller{Session: f.anySession(r.GetSessionId())},
		RequestID: f.requestID(r.GetRequestId()),
	}
	if f.err != nil {
		return nil, f.err
	}
	cancelled, err := s.semaphores.Cancel(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.CancelAcquireResponse{Cancelled: cancelled}, nil
}

func (s *semaphoreService) Release(ctx context.Context, r *cpgatev1.ReleaseRequest) (*cpgatev1.ReleaseResponse, error) {
	var f fields
	q := semaphore.ReleaseRequest{
		Name:      f.name(r.GetName()),
		Caller:    f.borrower(r),
		RequestID: f.orRandom(r.GetRequestId()),
		Attempt:   atLeastZero(&f, "attempt", r.GetAttempt()),
	}
	q.Ticket, q.Permits = f.givenBack(r)
	if f.err != nil {
		return nil, f.err
	}
	a, err := s.semaphores.Release(ctx, q)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.ReleaseResponse{
		Released: int32(a.Released), AlreadyReleased: a.AlreadyReleased, ValidFor: validFor(s.keeper, q.Caller.Session),
	}, nil
}

func (s *semaphoreService) DrainPermits(ctx context.Context, r *cpgatev1.DrainPermitsRequest) (*cpgatev1.DrainPermitsResponse, error) {
	var f fields
	q := semaphore.DrainRequest{
		Name:      f.name(r.GetName()),
		Caller:    f.borrower(r),
		RequestID: f.orRandom(r.GetRequestId()),
		Attempt:   atLeastZero(&f, "attempt", r.GetAttempt()),
	}
	if f.err != nil {
		return nil, f.err
	}
	drained, err := s.semaphores.Drain(ctx, q)
	if err != nil {
		return nil, err
	}
	a := &cpgatev1.DrainPermitsResponse{Drained: int32(drained), ValidFor: validFor(s.keeper, q.Caller.Session)}
	if drained > 0 {
		a.TicketId = ticketID(q.Caller, q.RequestID)
	}
	return a, nil
}

func (s *semaphoreService) IncreasePermits(ctx context.Context, r *cpgatev1.IncreasePermitsRequest) (*cpgatev1.IncreasePermitsResponse, error) {
	if err := s.change(ctx, r, +1); err != nil {
		return nil, err
	}
	return &cpgatev1.IncreasePermitsResponse{}, nil
}

func (s *semaphoreService) ReducePermits(ctx context.Context, r *cpgatev1.ReducePermitsRequest) (*cpgatev1.ReducePermitsResponse, error) {
	if err := s.change(ctx, r, -1); err != nil {
		return nil, err
	}
	return &cpgatev1.ReducePermitsResponse{}, nil
}

// change is what IncreasePermitsRequest and ReducePermitsRequest have in common.
type change interface {
	GetName() string
	GetPermits() int32
	GetRequestId() string
	GetAttempt() int32
}

func (s *semaphoreService) change(ctx context.Context, r change, sign int64) error {
	var f fields
	q := semaphore.ChangeRequest{
		Name:      f.name(r.GetName()),
		By:        sign * int64(atLeastZero(&f, "permits", r.GetPermits())),
		RequestID: f.orRandom(r.GetRequestId()),
		Attempt:   atLeastZero(&f, "attempt", r.GetAttempt()),
	}
	if f.err != nil {
		return f.err
	}
	return s.semaphores.Change(ctx, q)
}

func (s *semaphoreService) GetSemaphore(ctx context.Context, r *cpgatev1.GetSemaphoreRequest) (*cpgatev1.GetSemaphoreResponse, error) {
	var f fields
	name := f.name(r.GetName())
	if f.err != nil {
		return nil, f.err
	}
	state, err := s.semaphores.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.GetSemaphoreResponse{Semaphore: describeSemaphore(state)}, nil
}

func (s *semaphoreService) ListSemaphores(ctx context.Context, r *cpgatev1.ListSemaphoresRequest) (*cpgatev1.ListSemaphoresResponse, error) {
	var f fields
	limit, after := f.pageSize(r.GetPageSize()), f.pageToken(semaphorePages, r.GetPageToken())
	if f.err != nil {
		return nil, f.err
	}
	page, next, err := s.semaphores.List(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.ListSemaphoresResponse{
		Semaphores:    each(page, describeSemaphore),
		NextPageToken: nextPage(semaphorePages, next),
	}, nil
}

func (s *semaphoreService) DestroySemaphore(ctx context.Context, r *cpgatev1.DestroySemaphoreRequest) (*cpgatev1.DestroySemaphoreResponse, error) {
	var f fields
	name := f.name(r.GetName())
	if f.err != nil {
		return nil, f.err
	}
	destroyed, err := s.semaphores.Destroy(ctx, name)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.DestroySemaphoreResponse{Destroyed: destroyed}, nil
}

// borrower is who acquires or releases. Without a session the call is for a sessionless semaphore.
func (f *fields) borrower(r called) semaphore.Caller {
	return semaphore.Caller{Session: f.anySession(r.GetSessionId()), Owner: f.owner(r.GetOwner())}
}

// permits is 1 where absent.
func (f *fields) permits(n *int32) semaphore.Permits {
	switch {
	case n == nil:
		return 1
	case *n < 1:
		f.fail(invalid("permits", "must be 1 to %d, is %d", semaphore.MaxPermits, *n))
	}
	return semaphore.Permits(*n)
}

// givenBack is either a ticket or a number of permits.
func (f *fields) givenBack(r *cpgatev1.ReleaseRequest) (ticket string, permits semaphore.Permits) {
	ticket = r.GetTicketId()
	switch {
	case ticket == "":
		return "", f.permits(r.Permits)
	case r.Permits != nil:
		f.fail(invalid("permits", "must be absent beside a ticket_id, which releases all of its permits"))
	case r.GetSessionId() == "":
		f.fail(invalid("ticket_id", "needs a session_id"))
	}
	f.check("ticket_id", keys.CheckRequestID(ticket))
	return ticket, 0
}

// ticketID names what a request got: without a session there is no ticket.
func ticketID(c semaphore.Caller, requestID string) string {
	if c.Session == 0 {
		return ""
	}
	return requestID
}

func describeSemaphore(s semaphore.State) *cpgatev1.Semaphore {
	return &cpgatev1.Semaphore{
		Name: text(s.Name), Initialized: s.Initialized, Sessionless: s.Sessionless,
		Permits: int32(s.Permits), Available: int32(s.Available),
		Holders: each(s.Holders, permitHolder), HolderCount: int32(s.HolderCount),
		Waiters: each(s.Waiters, permitWaiter), WaiterCount: int32(s.WaiterCount),
	}
}

func permitHolder(h semaphore.Holder) *cpgatev1.PermitHolder {
	return &cpgatev1.PermitHolder{
		SessionId: sessionID(h.Session), Permits: int32(h.Permits), Since: moment(h.Since),
		Foreign: h.Foreign, Key: text(h.Key),
	}
}

func permitWaiter(w semaphore.Waiter) *cpgatev1.PermitWaiter {
	return &cpgatev1.PermitWaiter{
		SessionId: sessionID(w.Caller.Session), Owner: text(w.Caller.Owner), Permits: int32(w.Permits),
		Since: moment(w.Since), Position: int32(w.Position), Foreign: w.Foreign, Key: text(w.Key),
	}
}
