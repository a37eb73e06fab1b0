package client

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Fence is the number of a hold. It rises with every new holder of the lock, so a resource that remembers the
// largest one it has seen can turn away a holder from the past. 0 is no hold.
type Fence int64

// Lock is a handle on the lock of one name. Without Owner it works like a sync.Mutex that reaches across the
// cluster: every Lock through it excludes every other, also through the same handle, and locking it again while it
// holds waits for ever. With Owner it is reentrant.
//
// A handle is safe for use by many goroutines. Those that share one and may outlive the loss of a hold should use
// Do, which gives back exactly the hold it took; Unlock gives back the last one taken through the handle.
type Lock struct {
	c     *Client
	name  string
	owner *string
	turn  turn

	mu   sync.Mutex
	held *hold // the last hold taken through this handle; nil when there is none to give back
}

// LockOption changes what Client.Lock gives.
type LockOption func(*Lock)

// Owner makes the handle reentrant: whoever locks under the same owner, through this or another handle of the same
// Client, holds once more, with the same fence, and has to unlock as often. An owner stands for one line of work,
// as a thread does elsewhere: 0 to 128 bytes of UTF-8. When two handles wait under one owner at the same time, the
// newer call ends the older one's wait with ErrWaitCancelled; calls through one handle take turns.
func Owner(owner string) LockOption {
	return func(l *Lock) {
		l.owner = &owner
		l.turn = make(turn, 1)
	}
}

// Lock gives a handle on the lock of that name, 1 to 512 bytes of UTF-8; a trailing "@default" is dropped. It does
// no I/O: a name that is not allowed shows at the first call.
func (c *Client) Lock(name string, options ...LockOption) *Lock {
	l := &Lock{c: c, name: name}
	for _, o := range options {
		o(l)
	}
	return l
}

// Lock waits in line, first come, first served, until it holds the lock or ctx ends, and gives the fence. When ctx
// ends the client leaves the line in the background, and gives back what the request may have got meanwhile.
//
// Errors: the cause of ctx, ErrSessionExpired when the session was lost (lock again: a new one is opened),
// ErrWaitCancelled, ErrLimitReached, ErrTooManyTickets, ErrInvalidName, ErrInvalidArgument, ErrDamaged, ErrClosed.
func (l *Lock) Lock(ctx context.Context) (Fence, error) {
	h, a, err := l.take(ctx, wait{})
	if err == nil && h == nil {
		err = a.refusal()
	}
	if err != nil {
		return 0, fmt.Errorf("locking %q: %w", l.name, err)
	}
	l.keep(h)
	return h.fence, nil
}

// TryLock is Lock with a limit to the wait; 0 or less means not to wait at all. A lock that stays taken is no
// error: the answer is false. Under an owner at its acquire limit it is false too, beside the fence of the hold
// that the owner has. When no endpoint answers, TryLock ends with ErrUnavailable a few seconds after the timeout.
func (l *Lock) TryLock(ctx context.Context, timeout time.Duration) (Fence, bool, error) {
	h, a, err := l.take(ctx, upTo(timeout))
	if err != nil {
		return 0, false, fmt.Errorf("locking %q: %w", l.name, err)
	}
	if h == nil {
		return a.fence, false, nil
	}
	l.keep(h)
	return h.fence, true, nil
}

// Fence gives the fence of the hold last taken through the handle; 0 when it was given back or is known to be lost. It looks at
// the clock, so it is right also just after the process was stopped for a while.
func (l *Lock) Fence() Fence {
	if h := l.holding(); h != nil && h.session.check() == nil && h.stake.ctx.Err() == nil {
		return h.fence
	}
	return 0
}

// Lost gives a channel that is closed when the hold last taken through the handle is lost with its session, before
// the lock can be anyone else's, or when a server says that an operator forced the lock, which another may hold by then: there the
// fence protects. It is closed already when the handle has no hold to give back.
//
// It can't tell of somebody who deletes the lock's key; Unlock does.
func (l *Lock) Lost() <-chan struct{} {
	if h := l.holding(); h != nil && h.session.check() == nil {
		return h.stake.ctx.Done()
	}
	return nothing
}

// nothing is the channel for the loss of no hold.
var nothing = closedChannel()

func closedChannel() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (l *Lock) holding() *hold {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// keep remembers h as the hold that the next Unlock gives back.
func (l *Lock) keep(h *hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != nil && l.held.session == h.session && l.held.fence == h.fence {
		l.held.times++
		h.stake.leave()
		return
	}
	if l.held != nil {
		l.held.stake.leave()
	}
	l.held = h
}
