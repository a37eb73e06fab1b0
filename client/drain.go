package client

import (
	"context"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Drain takes all permits that are available, and says how many were: 0 while anybody waits. Where fewer than 0 were,
// it says so, none is taken, and from then on 0 are. Without an error there are always Permits to release, if only none.
//
// Errors: the cause of ctx, ErrSessionExpired, ErrNotInitialized, ErrTooManyTickets, ErrTooManyOps, ErrInvalidName,
// ErrInvalidArgument, ErrDamaged, ErrClosed.
func (m *Semaphore) Drain(ctx context.Context) (*Permits, int, error) {
	p, n, err := m.drain(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("draining %q: %w", m.name, err)
	}
	m.keep(p)
	return p, n, nil
}

func (m *Semaphore) drain(ctx context.Context) (*Permits, int, error) {
	if err := validName(m.name); err != nil {
		return nil, 0, err
	}
	s, err := m.enter(ctx)
	if err != nil {
		return nil, 0, err
	}
	id := newID()
	q := &drainRequest{permits: &Permits{sem: m, session: s, stake: s.stake("", id), id: id}}
	got, err := claim(ctx, s, q)
	if err != nil || !got {
		q.permits.stake.leave()
	}
	if err != nil {
		return nil, 0, err
	}
	return q.permits, q.available, nil
}

// drainRequest is one request for all permits that there are.
type drainRequest struct {
	permits   *Permits
	available int
	asked     int32
}

// attempt reports false when there was nothing to get.
func (q *drainRequest) attempt(ctx context.Context, a attempt) (bool, error) {
	p := q.permits
	r, err := p.sem.on(a).DrainPermits(ctx, &cpgatev1.DrainPermitsRequest{
		Name: p.sem.name, SessionId: p.session.id, Owner: p.id, RequestId: p.id, Attempt: q.asked,
	})
	q.asked++
	p.session.renew(a.sent, r.GetValidFor())
	q.available = int(r.GetDrained())
	p.count = max(q.available, 0)
	p.left = p.count
	return p.count > 0, err
}

// cancel asks once more, for nothing else can tell what was got, and gives that back.
func (q *drainRequest) cancel(ctx context.Context) error {
	got, err := insist(ctx, q.permits.session, q.attempt)
	if err != nil || !got {
		return err
	}
	return q.permits.take(q.permits.left).release(ctx)
}

func (*drainRequest) over() {}

func (q *drainRequest) String() string { return fmt.Sprintf("all of semaphore %q", q.permits.sem.name) }
