package client

import (
	"context"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// SemaphoreState is a semaphore as it was at one moment.
type SemaphoreState struct {
	// Initialized is false before Init.
	Initialized bool
	// Sessionless is true for one that only counts.
	Sessionless bool
	// Permits is how many may be held at a time; 0 for a sessionless one, which has no such number.
	Permits int
	// Available is how many permits may be acquired; less than 0 where more are held than there are to be.
	Available int
	// Holders are the sessions that hold permits, in the order in which their oldest ones came: the first 1000.
	Holders []PermitHolder
	// HolderCount is how many sessions hold permits in all.
	HolderCount int
	// Waiters are those in line, the next to be admitted first: the first 1000.
	Waiters []PermitWaiter
	// WaiterCount is how many wait in all.
	WaiterCount int
}

// PermitHolder is a session that holds permits.
type PermitHolder struct {
	// SessionID is the session, as Client.SessionID gives it; empty for a key that cpgate did not write.
	SessionID string
	// Permits is how many it holds.
	Permits int
	// Since is when it came for the oldest of them, by a server's clock.
	Since time.Time
}

// PermitWaiter is one place in a semaphore's line.
type PermitWaiter struct {
	// SessionID is the session, as Client.SessionID gives it; empty without one and for a key that cpgate did not write.
	SessionID string
	// Permits is how many it waits for.
	Permits int
	// Since is when it came, by a server's clock.
	Since time.Time
}

// Available gives how many permits may be acquired, as it was at one moment of the call: less than 0 where more are held
// than there are to be, 0 before Init.
func (m *Semaphore) Available(ctx context.Context) (int, error) {
	s, err := m.Get(ctx)
	return s.Available, err
}

// Get looks at the semaphore, as it was at one moment of the call. One that nobody initialized is no error.
//
// Errors: ErrInvalidName, ErrDamaged, ErrClosed, the cause of ctx.
func (m *Semaphore) Get(ctx context.Context) (SemaphoreState, error) {
	r, err := brief(ctx, m.c, "looking at", m.name, func(ctx context.Context, a attempt) (*cpgatev1.GetSemaphoreResponse, error) {
		return m.on(a).GetSemaphore(ctx, &cpgatev1.GetSemaphoreRequest{Name: m.name})
	})
	if err != nil {
		return SemaphoreState{}, err
	}
	return semaphoreState(r.GetSemaphore()), nil
}

func semaphoreState(s *cpgatev1.Semaphore) SemaphoreState {
	state := SemaphoreState{
		Initialized: s.GetInitialized(), Sessionless: s.GetSessionless(),
		Permits: int(s.GetPermits()), Available: int(s.GetAvailable()),
		HolderCount: int(s.GetHolderCount()), WaiterCount: int(s.GetWaiterCount()),
	}
	for _, h := range s.GetHolders() {
		state.Holders = append(state.Holders, PermitHolder{h.GetSessionId(), int(h.GetPermits()), h.GetSince().AsTime()})
	}
	for _, w := range s.GetWaiters() {
		state.Waiters = append(state.Waiters, PermitWaiter{w.GetSessionId(), int(w.GetPermits()), w.GetSince().AsTime()})
	}
	return state
}
