package client

import (
	"context"
	"errors"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// hold is one fence of one owner, taken so many times through one handle. Only times ever changes, under the
// handle's mutex.
type hold struct {
	lock    *Lock
	session *session
	owner   string
	fence   Fence
	times   int
}

// context gives ctx, ended also when h is lost with its session.
func (h *hold) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(h.session.ctx, func() { cancel(lost(context.Cause(h.session.ctx))) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// lost says that a hold went with its session.
func lost(cause error) error { return fmt.Errorf("%w: %w", ErrOwnershipLost, cause) }

// release gives h back once. That goes on in the background when ctx ends first, for as long as the session
// lives: nothing is left held that nobody will give back.
func (h *hold) release(ctx context.Context) error {
	if cause := h.session.check(); cause != nil {
		return lost(cause)
	}
	answer := make(chan error, 1)
	apart := context.WithoutCancel(ctx)
	spawned := h.lock.c.spawn(func(context.Context) {
		defer h.lock.c.exit(h.session)
		answer <- h.inTurn(apart)
	})
	if !spawned {
		return lost(ErrClosed)
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// inTurn unlocks once no other call of the owner is under way through the handle.
func (h *hold) inTurn(ctx context.Context) error {
	ctx, free := h.session.bind(ctx)
	defer free()
	if _, err := h.lock.enter(ctx, nil); err != nil {
		return lost(err)
	}
	defer h.lock.leave()
	return h.unlock(ctx)
}

// unlock asks until the server answers or the session is gone.
func (h *hold) unlock(ctx context.Context) error {
	id, last := newID(), int32(0)
	r, err := within(ctx, h.lock.c.endpoints, h.session, 0, func(ctx context.Context, a attempt) (*cpgatev1.UnlockResponse, error) {
		last = a.n
		r, err := cpgatev1.NewFencedLockServiceClient(a.conn).Unlock(ctx, &cpgatev1.UnlockRequest{
			Name: h.lock.name, SessionId: h.session.id, Owner: h.owner, Fence: int64(h.fence), RequestId: id,
		})
		h.session.renew(a.sent, r.GetValidFor())
		return r, err
	})
	return unlocked(r.GetAlreadyReleased(), last > 0, err)
}

// unlocked says what an answer to an unlock means for a handle that believed to hold. Once asked again, a hold that
// is gone was given back by the attempt whose answer got lost; at the first asking it had been taken away.
func unlocked(already, askedBefore bool, err error) error {
	switch {
	case err == nil && (!already || askedBefore), errors.Is(err, ErrNotHolder) && askedBefore:
		return nil
	case err == nil:
		return fmt.Errorf("%w: it was free already", ErrOwnershipLost)
	case errors.Is(err, ErrNotHolder), errors.Is(err, ErrSessionExpired):
		return lost(err)
	}
	return err
}
