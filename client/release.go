package client

import (
	"context"
	"errors"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Release gives n permits back by number, of those acquired through this handle and not yet given back: the oldest
// first, in other portions than they were acquired in too. Those of several acquires are given back one after the other.
// 0 does nothing. From then on they are not the handle's, whatever the answer: when ctx ends first, the client goes on
// in the background until a server confirmed or the session is over.
//
// On a Sessionless handle it adds n permits to those available, whoever acquired them, if anybody did.
//
// Errors: ErrPermitsNotHeld when the handle has fewer, and none was released; ErrOwnershipLost when some were lost
// before; the cause of ctx; ErrInvalidArgument; and, Sessionless, ErrNotInitialized and ErrClosed.
func (m *Semaphore) Release(ctx context.Context, n int) error {
	var err error
	switch {
	case n == 0:
	case m.sessionless:
		err = m.add(ctx, n)
	default:
		err = m.releaseHeld(ctx, n)
	}
	if err != nil {
		return fmt.Errorf("releasing %d of %q: %w", n, m.name, err)
	}
	return nil
}

// add releases permits that nobody need have acquired.
func (m *Semaphore) add(ctx context.Context, n int) error {
	permits, err := m.checked(n)
	if err != nil {
		return err
	}
	return giveBack(ctx, m.c.none, func(ctx context.Context) error {
		return m.send(ctx, m.c.none, &cpgatev1.ReleaseRequest{Permits: &permits})
	})
}

// releaseHeld releases permits of the handle, of one acquire after the other.
func (m *Semaphore) releaseHeld(ctx context.Context, n int) error {
	if n < 0 {
		return invalid("INVALID_ARGUMENT", "permits", "want 0 or more")
	}
	portions, ok := m.draw(n)
	if !ok {
		return ErrPermitsNotHeld
	}
	var all []error
	for _, some := range portions {
		all = append(all, some.giveBack(ctx))
	}
	return errors.Join(all...)
}

// giveBack releases what was taken off the permits of one acquire.
func (o portion) giveBack(ctx context.Context) error {
	return giveBack(ctx, o.of.session, func(ctx context.Context) error {
		if o.last {
			defer o.of.session.exit()
		}
		return o.release(ctx)
	})
}

// release asks until the server answers. All permits of an acquire go by the name of their ticket, some by number and
// owner: no other ticket has that owner, so exactly that one shrinks, in whichever order the portions arrive.
func (o portion) release(ctx context.Context) error {
	p, n := o.of, int32(o.n)
	q := &cpgatev1.ReleaseRequest{Owner: p.id, Permits: &n}
	if p.session.real() && o.n == p.count {
		q = &cpgatev1.ReleaseRequest{TicketId: p.id}
	}
	return p.sem.send(ctx, p.session, q)
}

// send asks until the server answers or the session is gone.
func (m *Semaphore) send(ctx context.Context, s *session, q *cpgatev1.ReleaseRequest) error {
	q.Name, q.SessionId, q.RequestId = m.name, s.id, newID()
	r, err := insist(ctx, s, func(ctx context.Context, a attempt) (*cpgatev1.ReleaseResponse, error) {
		q.Attempt = a.n
		r, err := m.on(a).Release(ctx, q)
		s.renew(a.sent, r.GetValidFor())
		return r, err
	})
	return givenBack(r.GetAlreadyReleased(), q.GetAttempt() > 0, err)
}
