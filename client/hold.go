package client

import (
	"context"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// hold is one fence of one owner, taken so many times through one handle. Only times ever changes, under the
// handle's mutex.
type hold struct {
	lock    *Lock
	session *session
	stake   *stake
	owner   string
	fence   Fence
	times   int
	spare   bool // its owner is nobody's when it has been given back, and may be another hold's then
}

// release gives h back once.
func (h *hold) release(ctx context.Context) error {
	err := giveBack(ctx, h.session, func(ctx context.Context) error {
		defer h.session.exit()
		return h.inTurn(ctx)
	})
	if err != nil {
		return fmt.Errorf("unlocking %q: %w", h.lock.name, err)
	}
	return nil
}

// inTurn unlocks once no other call of the owner is under way through the handle.
func (h *hold) inTurn(ctx context.Context) error {
	ctx, free := bind(ctx, h.session.ctx)
	defer free()
	if _, err := h.lock.turn.enter(ctx, wait{}); err != nil {
		return lost(err)
	}
	defer h.lock.turn.leave()
	return h.unlock(ctx)
}

// unlock asks until the server answers or the session is gone.
func (h *hold) unlock(ctx context.Context) error {
	id, last := newID(), int32(0)
	r, err := insist(ctx, h.session, func(ctx context.Context, a attempt) (*cpgatev1.UnlockResponse, error) {
		last = a.n
		r, err := cpgatev1.NewFencedLockServiceClient(a.conn).Unlock(ctx, &cpgatev1.UnlockRequest{
			Name: h.lock.name, SessionId: h.session.id, Owner: h.owner, Fence: int64(h.fence), RequestId: id,
		})
		h.session.renew(a.sent, r.GetValidFor())
		return r, err
	})
	if err == nil && h.spare && last == 0 && !r.GetAlreadyReleased() {
		h.session.spare(h.owner)
	}
	return givenBack(r.GetAlreadyReleased(), last > 0, err)
}
