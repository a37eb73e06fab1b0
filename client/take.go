package client

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// tryGrace is how long after its timeout a TryLock that got no answer still asks.
const tryGrace = 5 * time.Second

// request is one request to lock, the same in all its attempts.
type request struct {
	lock    *Lock
	session *session
	owner   string
	id      string
	until   *time.Time // nil: wait without limit

	abandoned bool // it is being cancelled in the background, and has the handle's turn until then
}

// reply is what a server answered to a request.
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

// take gets a hold; nil beside a reply that refuses it. A ctx that ends is no refusal but an error: it is never
// turned into the timeout that the server sees.
func (l *Lock) take(ctx context.Context, timeout *time.Duration) (*hold, reply, error) {
	if err := l.valid(); err != nil {
		return nil, reply{}, err
	}
	var until *time.Time
	if timeout != nil {
		t := time.Now().Add(*timeout)
		until = &t
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, t.Add(tryGrace), ErrUnavailable)
		defer cancel()
	}
	if ok, err := l.enter(ctx, until); err != nil || !ok {
		return nil, reply{}, err
	}
	s, err := l.c.enter(ctx, l.owner != nil)
	if err != nil {
		l.leave()
		return nil, reply{}, err
	}
	q := l.request(s, until)
	h, a, err := q.send(ctx)
	if !q.abandoned {
		l.leave()
	}
	return h, a, err
}

// valid refuses what can't even be put into a request; all other rules are the server's.
func (l *Lock) valid() error {
	if !utf8.ValidString(l.name) {
		return invalid("INVALID_NAME", "name", "want UTF-8")
	}
	if l.owner != nil && !utf8.ValidString(*l.owner) {
		return invalid("INVALID_ARGUMENT", "owner", "want UTF-8")
	}
	return nil
}

// request makes the request that waits until then. Without Owner its own id is its owner: nobody else's, so
// everybody else is excluded.
func (l *Lock) request(s *session, until *time.Time) *request {
	q := &request{lock: l, session: s, id: newID(), until: until}
	q.owner = q.id
	if l.owner != nil {
		q.owner = *l.owner
	}
	return q
}

// send asks until there is an answer. Whatever else it returns with, no hold is left that nobody knows of.
func (q *request) send(ctx context.Context) (*hold, reply, error) {
	r, err := within(ctx, q.lock.c.endpoints, q.session, 0, q.attempt)
	if err != nil && !said(err) {
		q.abandon(ctx)
		return nil, reply{}, err
	}
	a := reply{outcome: r.GetOutcome(), fence: Fence(r.GetFence())}
	if err != nil || a.outcome != cpgatev1.LockResponse_ACQUIRED {
		q.lock.c.exit(q.session)
		return nil, a, err
	}
	// The answer may have lain here while the process was stopped.
	if err := q.session.check(); err != nil {
		return nil, reply{}, err
	}
	return &hold{lock: q.lock, session: q.session, owner: q.owner, fence: a.fence, times: 1}, a, nil
}

func (q *request) attempt(ctx context.Context, a attempt) (*cpgatev1.LockResponse, error) {
	r, err := cpgatev1.NewFencedLockServiceClient(a.conn).Lock(ctx, &cpgatev1.LockRequest{
		Name: q.lock.name, SessionId: q.session.id, Owner: q.owner, RequestId: q.id,
		Timeout: q.remaining(a.sent), Attempt: a.n,
	})
	q.session.renew(a.sent, r.GetValidFor())
	return r, err
}

// remaining is the timeout that a server is asked for at that time; nil for none.
func (q *request) remaining(now time.Time) *durationpb.Duration {
	if q.until == nil {
		return nil
	}
	return durationpb.New(max(q.until.Sub(now), 0))
}

// abandon leaves the line in the background, and gives the lock back if this request has got it. It asks for as
// long as the session lives, for otherwise a heartbeat could keep a hold alive that nobody knows of. It keeps the turn
// until then: an unlock in between would give back the newest hold, which is this one, and leave an older one held.
func (q *request) abandon(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	q.abandoned = q.lock.c.spawn(func(context.Context) {
		defer q.lock.leave()
		defer q.lock.c.exit(q.session)
		_, err := within(ctx, q.lock.c.endpoints, q.session, 0, func(ctx context.Context, a attempt) (*cpgatev1.CancelLockResponse, error) {
			return cpgatev1.NewFencedLockServiceClient(a.conn).CancelLock(ctx, &cpgatev1.CancelLockRequest{
				Name: q.lock.name, SessionId: q.session.id, Owner: q.owner, RequestId: q.id,
			})
		})
		if err != nil && !errors.Is(err, ErrSessionExpired) && !errors.Is(err, ErrClosed) {
			q.lock.c.cfg.Logger.Warn("abandoned wait not cancelled", "lock", q.lock.name, "session", q.session.id, "err", err)
		}
	})
}
