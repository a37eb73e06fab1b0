package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// doRelease is how long a Do waits until it is confirmed that what it held is given back.
const doRelease = 5 * time.Second

// giveBack runs f, which gives back something held in s, for a caller who waits for it until ctx ends. F goes on in the
// background then: nothing is left held that nobody will give back.
func giveBack(ctx context.Context, s *session, f func(context.Context) error) error {
	if cause := s.check(); cause != nil {
		return s.lost(cause)
	}
	answer := make(chan error, 1)
	apart := context.WithoutCancel(ctx)
	if !s.c.spawn(func() { answer <- f(apart) }) {
		return s.lost(ErrClosed)
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// lost says that what was held went with its session; without one nothing goes.
func (s *session) lost(cause error) error {
	if !s.real() {
		return cause
	}
	return lost(cause)
}

func lost(cause error) error { return fmt.Errorf("%w: %w", ErrOwnershipLost, cause) }

// givenBack says what an answer means to a handle that believed to hold. Once asked again, a hold that is gone was given
// back by the attempt whose answer got lost; at the first asking it had been taken away.
func givenBack(already, askedBefore bool, err error) error {
	switch {
	case err == nil && (!already || askedBefore), notHeld(err) && askedBefore:
		return nil
	case err == nil:
		return fmt.Errorf("%w: it was free already", ErrOwnershipLost)
	case notHeld(err), errors.Is(err, ErrSessionExpired):
		return lost(err)
	}
	return err
}

func notHeld(err error) bool {
	return errors.Is(err, ErrNotHolder) || errors.Is(err, ErrPermitsNotHeld)
}

// during runs f with a context that ends also when k is lost, and then gives back what is held, whatever becomes of f, also
// after ctx has ended.
func during(ctx context.Context, k *stake, f, give func(context.Context) error) (err error) {
	inner, cancel := bind(ctx, k.ctx)
	defer func() {
		cancel() // before giving back: what f left running must not go on without
		ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), doRelease, ErrUnavailable)
		defer cancel()
		if e := give(ctx); e != nil {
			err = errors.Join(err, e)
		}
	}()
	return f(inner)
}
