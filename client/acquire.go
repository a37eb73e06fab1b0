package client

import (
	"context"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// acquireRequest is one request for permits. Its id is its owner too: nobody else's, so that what it got can be given
// back in portions without touching what others got.
type acquireRequest struct {
	sem     *Semaphore
	session *session
	id      string
	permits int32
	wait    wait
}

// take gets permits; nil where they are refused.
func (m *Semaphore) take(ctx context.Context, n int, w wait) (*Permits, error) {
	permits, err := m.checked(n)
	if err != nil {
		return nil, err
	}
	ctx, cancel := w.bound(ctx)
	defer cancel()
	s, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	q := &acquireRequest{sem: m, session: s, id: newID(), permits: permits, wait: w}
	k := s.stake("", q.id)
	got, err := claim(ctx, s, q)
	if err != nil || !got {
		k.leave()
		return nil, err
	}
	return &Permits{sem: m, session: s, stake: k, id: q.id, count: n, left: n}, nil
}

func (q *acquireRequest) attempt(ctx context.Context, a attempt) (bool, error) {
	r, err := q.sem.on(a).Acquire(ctx, &cpgatev1.AcquireRequest{
		Name: q.sem.name, SessionId: q.session.id, Owner: q.id, Permits: &q.permits,
		Timeout: q.wait.timeout(a.sent), RequestId: q.id, Attempt: a.n,
	})
	q.session.renew(a.sent, r.GetValidFor())
	return r.GetOutcome() == cpgatev1.AcquireResponse_ACQUIRED, err
}

func (q *acquireRequest) cancel(ctx context.Context) error {
	_, err := insist(ctx, q.session, func(ctx context.Context, a attempt) (*cpgatev1.CancelAcquireResponse, error) {
		return q.sem.on(a).CancelAcquire(ctx, &cpgatev1.CancelAcquireRequest{
			Name: q.sem.name, SessionId: q.session.id, RequestId: q.id,
		})
	})
	return err
}

func (*acquireRequest) over() {}

func (q *acquireRequest) String() string {
	return fmt.Sprintf("%d of semaphore %q", q.permits, q.sem.name)
}
