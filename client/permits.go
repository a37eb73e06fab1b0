package client

import (
	"context"
	"fmt"
)

// Permits is what one Acquire, TryAcquire or Drain got, to be given back. It is safe for use by many goroutines.
type Permits struct {
	sem     *Semaphore
	session *session
	stake   *stake
	id      string // names the ticket, and its owner
	count   int
	left    int // what is still to be given back; guarded by the semaphore's mutex
}

// Count gives how many permits were got, whether or not they are still held; 0 only after a Drain that found none.
func (p *Permits) Count() int { return p.count }

// Lost gives a channel that is closed when the permits are lost with their session, before they can be anyone else's, or
// when a server says that the semaphore was destroyed. For those of a Sessionless handle it is nil: they are never lost.
//
// It can't tell of somebody who deletes a key; Release does.
func (p *Permits) Lost() <-chan struct{} {
	if !p.session.real() {
		return nil
	}
	if p.session.check() != nil { // in a process that was stopped for a while nobody may have looked yet
		return nothing
	}
	return p.stake.ctx.Done()
}

// Release gives back all that is left of p. From then on nothing is, whatever the answer: a second Release does
// nothing, and when ctx ends first (it may have ended before), the client goes on in the background until a server
// confirmed or the session is over.
//
// Errors: ErrOwnershipLost when the permits were lost before; the cause of ctx; and, Sessionless, ErrClosed when the
// client was closed before they could be given back.
func (p *Permits) Release(ctx context.Context) error {
	all := p.sem.withdraw(p)
	if all.n == 0 {
		return nil
	}
	if err := all.giveBack(ctx); err != nil {
		return fmt.Errorf("releasing %d of %q: %w", all.n, p.sem.name, err)
	}
	return nil
}
