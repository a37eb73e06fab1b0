package client

import (
	"context"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// lockRequest is one request to lock.
type lockRequest struct {
	lock    *Lock
	session *session
	owner   string
	id      string
	wait    wait
	reply   reply
	again   bool // it was asked for more than once
}

// reply is what a server answered to a lockRequest.
type reply struct {
	outcome cpgatev1.LockResponse_Outcome
	fence   Fence
}

// refusal is the error that a refused reply is to a caller who did not ask to try.
func (r reply) refusal() error {
	if r.outcome == cpgatev1.LockResponse_LIMIT_REACHED {
		return ErrLimitReached
	}
	return ErrUnavailable // NOT_ACQUIRED to a request without a timeout: no server of this protocol says so
}

// take gets a hold; nil beside a reply that refuses it.
func (l *Lock) take(ctx context.Context, w wait) (*hold, reply, error) {
	if err := l.valid(); err != nil {
		return nil, reply{}, err
	}
	ctx, cancel := w.bound(ctx)
	defer cancel()
	if ok, err := l.turn.enter(ctx, w); err != nil || !ok {
		return nil, reply{}, err
	}
	s, err := l.c.enter(ctx, l.owner != nil)
	if err != nil {
		l.turn.leave()
		return nil, reply{}, err
	}
	q := l.request(s, w)
	k := s.stake(l.name, q.owner)
	got, err := claim(ctx, s, q)
	if err != nil || !got {
		k.leave()
		return nil, q.reply, err
	}
	k.got(q.reply.fence)
	return &hold{
		lock: l, session: s, stake: k, owner: q.owner, fence: q.reply.fence, times: 1, spare: l.owner == nil && !q.again,
	}, q.reply, nil
}

// valid refuses what can't even be put into a request; all other rules are the server's.
func (l *Lock) valid() error {
	if err := validName(l.name); err != nil {
		return err
	}
	if l.owner != nil {
		return validText("owner", *l.owner)
	}
	return nil
}

// request makes the request. Without Owner it has one of its own for as long as it holds, so everybody else is excluded.
func (l *Lock) request(s *session, w wait) *lockRequest {
	q := &lockRequest{lock: l, session: s, id: newID(), wait: w}
	if l.owner != nil {
		q.owner = *l.owner
	} else {
		q.owner = s.owner(q.id)
	}
	return q
}

func (q *lockRequest) attempt(ctx context.Context, a attempt) (bool, error) {
	r, err := cpgatev1.NewFencedLockServiceClient(a.conn).Lock(ctx, &cpgatev1.LockRequest{
		Name: q.lock.name, SessionId: q.session.id, Owner: q.owner, RequestId: q.id,
		Timeout: q.wait.timeout(a.sent), Attempt: a.n,
	})
	q.session.renew(a.sent, r.GetValidFor())
	q.again = a.n > 0
	q.reply = reply{outcome: r.GetOutcome(), fence: Fence(r.GetFence())}
	return q.reply.outcome == cpgatev1.LockResponse_ACQUIRED, err
}

func (q *lockRequest) cancel(ctx context.Context) error {
	_, err := insist(ctx, q.session, func(ctx context.Context, a attempt) (*cpgatev1.CancelLockResponse, error) {
		return cpgatev1.NewFencedLockServiceClient(a.conn).CancelLock(ctx, &cpgatev1.CancelLockRequest{
			Name: q.lock.name, SessionId: q.session.id, Owner: q.owner, RequestId: q.id,
		})
	})
	return err
}

// over ends the turn, of an abandoned request not before it is cancelled: an unlock in between would give back the newest
// hold, which is this one, and leave an older one held.
func (q *lockRequest) over() { q.lock.turn.leave() }

func (q *lockRequest) String() string { return fmt.Sprintf("lock %q", q.lock.name) }
