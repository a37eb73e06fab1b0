package semaphore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// Semaphores serves the calls to all semaphores through one gateway.
type Semaphores struct {
	store    *store.Store
	sessions *session.Keeper
}

// New returns the semaphores of a store.
func New(st *store.Store, sessions *session.Keeper) *Semaphores {
	return &Semaphores{store: st, sessions: sessions}
}

// Init gives a semaphore its permits, and reports whether it had none before. The errors are a *keys.DamagedError,
// store.ErrUnavailable, store.ErrFull, and ctx's own.
func (s *Semaphores) Init(ctx context.Context, r InitRequest) (bool, error) {
	shelf, err := s.shelf(ctx, Caller{})
	c := NewInitCall(s.store.Space, r, shelf, time.Now())
	if err == nil {
		err = s.sessions.Run(ctx, c, 0, nil)
	}
	if err != nil {
		return false, fmt.Errorf("initializing semaphore %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Acquire takes permits, or waits in line for them. Not to get them in time is an answer; the errors are
// session.ErrExpired, session.ErrTooManyTickets, ErrWaitCancelled, ErrDestroyed, a *KindError, a *keys.DamagedError,
// store.ErrUnavailable, store.ErrFull, and ctx's own.
func (s *Semaphores) Acquire(ctx context.Context, r AcquireRequest) (AcquireAnswer, error) {
	answer, err := s.acquire(ctx, r)
	if err != nil {
		return AcquireAnswer{}, fmt.Errorf("acquiring semaphore %q: %w", r.Name, err)
	}
	return answer, nil
}

func (s *Semaphores) acquire(ctx context.Context, r AcquireRequest) (AcquireAnswer, error) {
	if r.Caller.Session != 0 {
		c := NewAcquireCall(s.store.Space, r, s.store.NextCall(), time.Now())
		err := s.sessions.Run(ctx, c, r.Caller.Session, r.Timeout)
		return c.answer, err
	}
	shelf, err := s.shelf(ctx, r.Caller)
	if err != nil {
		return AcquireAnswer{}, err
	}
	c := NewTakeCall(s.store.Space, r, s.store.NextCall(), shelf, time.Now())
	err = s.sessions.Run(ctx, c, 0, r.Timeout)
	return c.answer, err
}

// shelf is needed by calls without a session.
func (s *Semaphores) shelf(ctx context.Context, who Caller) (Shelf, error) {
	if who.Session != 0 {
		return 0, nil
	}
	lease, err := s.sessions.Shelf(ctx)
	return Shelf(lease), err
}

// Cancel ends what an AcquireRequest began, and reports whether there was anything: its wait is over, and permits that
// it got are given back. The errors are session.ErrExpired, a *KindError, store.ErrUnavailable, store.ErrFull,
// and ctx's own.
func (s *Semaphores) Cancel(ctx context.Context, r CancelRequest) (bool, error) {
	shelf, err := s.shelf(ctx, r.Caller)
	c := NewCancelCall(s.store.Space, r, shelf, time.Now())
	if err == nil || errors.Is(err, store.ErrFull) { // then there is no memo to be put on the shelf
		err = s.sessions.Run(ctx, c, r.Caller.Session, nil)
	}
	if err != nil {
		return false, fmt.Errorf("cancelling the wait for semaphore %q: %w", r.Name, err)
	}
	return c.cancelled, nil
}

// Release gives permits back. The errors are session.ErrExpired, ErrPermitsNotHeld, ErrNotInitialized, ErrOutOfRange, a
// *KindError, a *keys.DamagedError, store.ErrUnavailable, store.ErrFull, and ctx's own.
func (s *Semaphores) Release(ctx context.Context, r ReleaseRequest) (ReleaseAnswer, error) {
	shelf, err := s.shelf(ctx, r.Caller)
	c := NewReleaseCall(s.store.Space, r, shelf, time.Now())
	if err == nil {
		err = s.sessions.Run(ctx, c, r.Caller.Session, nil)
	}
	if err != nil {
		return ReleaseAnswer{}, fmt.Errorf("releasing semaphore %q: %w", r.Name, err)
	}
	return c.answer, nil
}

// Drain takes all that is available and returns how many that were; fewer than 0 are leveled to 0, and nothing is taken.
// The errors are session.ErrExpired, session.ErrTooManyTickets, ErrNotInitialized, a *KindError, a *keys.DamagedError,
// store.ErrUnavailable, store.ErrFull, and ctx's own.
func (s *Semaphores) Drain(ctx context.Context, r DrainRequest) (Permits, error) {
	shelf, err := s.shelf(ctx, r.Caller)
	c := NewDrainCall(s.store.Space, r, s.store.NextCall(), shelf, time.Now())
	if err == nil {
		err = s.sessions.Run(ctx, c, r.Caller.Session, nil)
	}
	if err != nil {
		return 0, fmt.Errorf("draining semaphore %q: %w", r.Name, err)
	}
	return Permits(c.answer), nil
}

// Change adds permits to those that there are, or removes some. The errors are ErrNotInitialized, ErrOutOfRange, a
// *keys.DamagedError, store.ErrUnavailable, store.ErrFull, and ctx's own.
func (s *Semaphores) Change(ctx context.Context, r ChangeRequest) error {
	shelf, err := s.shelf(ctx, Caller{})
	if err == nil {
		err = s.sessions.Run(ctx, NewChangeCall(s.store.Space, r, shelf, time.Now()), 0, nil)
	}
	if err != nil {
		return fmt.Errorf("changing the permits of semaphore %q: %w", r.Name, err)
	}
	return nil
}

// Destroy removes a semaphore with all that is held of it, and reports whether it did: of several at once one does. The
// errors are store.ErrUnavailable, store.ErrFull, and ctx's own.
func (s *Semaphores) Destroy(ctx context.Context, n keys.Name) (bool, error) {
	shelf, err := s.shelf(ctx, Caller{})
	c := NewDestroyCall(s.store.Space, n, shelf, time.Now())
	if err == nil {
		err = s.sessions.Run(ctx, c, 0, nil)
	}
	if err != nil {
		return false, fmt.Errorf("destroying semaphore %q: %w", n, err)
	}
	return c.answer, nil
}

// Get returns the semaphore with its line. A name never used is not initialized. The errors are a *keys.DamagedError,
// store.ErrUnavailable, and ctx's own.
func (s *Semaphores) Get(ctx context.Context, n keys.Name) (st State, err error) {
	var damaged error
	err = s.store.LookFresh(ctx, func(v mirror.View) { st, damaged = Describe(v, n) })
	if err == nil {
		err = damaged
	}
	if err != nil {
		return State{}, fmt.Errorf("getting semaphore %q: %w", n, err)
	}
	return st, nil
}

// List returns up to limit semaphores that are initialized or waited for, without their holders and waiters, in the
// order of their keys and behind the page that ended with after, and what the page after this one comes behind: empty at
// the end.
func (s *Semaphores) List(ctx context.Context, after string, limit int) (page []State, next string, err error) {
	err = s.store.LookFresh(ctx, func(v mirror.View) { page, next = list(v, after, limit) })
	if err != nil {
		return nil, "", fmt.Errorf("listing semaphores: %w", err)
	}
	return page, next, nil
}

// Position returns where the acquire of a caller waits as far as this gateway has seen, without a barrier: 1 is next to be
// admitted, 0 when it does not wait. It can have changed only when there is news of what is directly below Line.
func (s *Semaphores) Position(n keys.Name, c Caller, request string) (position int) {
	s.store.Look(func(v mirror.View) {
		if i := v.Get(v.Space().SemaphoreTicket(n, int64(c.Session), request)); i != nil {
			l := v.Line(s.Line(n))
			position = max(0, l.Index(i)-l.Admitted()+1)
		}
	})
	return position
}

// Line returns what every ticket of the semaphore starts with.
func (s *Semaphores) Line(n keys.Name) string { return s.store.Space.SemaphoreLine(n) }

// Sweep removes, until ctx ends, what calls on gateways that are gone left waiting: see Abandoned.
func (s *Semaphores) Sweep(ctx context.Context) { s.store.Sweep(ctx, Abandoned) }
