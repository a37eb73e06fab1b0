package client

import (
	"context"
	"fmt"
	"strings"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// stake is one hold in a session, from before it is asked for until it is given back. Its ctx ends when it is lost meanwhile:
// with the session, or by itself when a server says so, which may be before the answer that it was got. The cause says what
// that means to a holder.
type stake struct {
	session *session
	lock    string // whose it is; empty for permits
	owner   string
	ctx     context.Context
	end     context.CancelCauseFunc

	// Of a lock, and guarded by the session's mutex.
	fence  Fence // 0 until it is known
	forced Fence // the last one of this owner's that was taken away; fences only rise
}

// stake takes note of a hold to be. Without a session there is none to lose: its ctx is the client's.
func (s *session) stake(lock, owner string) *stake {
	if !s.real() {
		return &stake{session: s, ctx: s.ctx}
	}
	k := &stake{session: s, lock: lock, owner: owner}
	k.ctx, k.end = context.WithCancelCause(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stakes[k] = struct{}{}
	if s.ctx.Err() != nil {
		k.end(lost(context.Cause(s.ctx)))
	}
	return k
}

// got notes the fence of the hold.
func (k *stake) got(f Fence) {
	k.session.mu.Lock()
	defer k.session.mu.Unlock()
	if k.fence = f; f <= k.forced {
		k.end(errForced)
	}
}

// leave forgets k: there is nothing left to lose.
func (k *stake) leave() {
	k.session.mu.Lock()
	defer k.session.mu.Unlock()
	delete(k.session.stakes, k)
}

// loseAll ends all stakes of a session that has ended.
func (s *session) loseAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.stakes {
		k.end(lost(context.Cause(s.ctx)))
	}
}

// loseOne ends the stakes in what a server says to be lost.
func (s *session) loseOne(l *cpgatev1.HoldLost) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.stakes {
		switch {
		case k.owner != l.GetOwner():
		case l.GetReason() == cpgatev1.HoldLost_DESTROYED && k.lock == "": // whose owner is no other's
			k.end(lost(ErrDestroyed))
		case l.GetReason() == cpgatev1.HoldLost_FORCED && nameOf(k.lock) == l.GetName():
			k.forced = max(k.forced, Fence(l.GetFence()))
			if k.fence != 0 && k.fence <= k.forced {
				k.end(errForced)
			}
		}
	}
}

var errForced = fmt.Errorf("%w: the lock was taken away by force", ErrOwnershipLost)

// nameOf gives a name as servers know it.
func nameOf(name string) string {
	for strings.HasSuffix(name, "@default") {
		name = strings.TrimSuffix(name, "@default")
	}
	return name
}
