package session

import (
	"context"
	"sync"
	"time"
)

// paceEvery is how long heartbeats are gathered at the most.
const paceEvery = 50 * time.Millisecond

// pace lets heartbeats go on together that come shortly after one another, so that what each of them wakes up, here and in
// the other members, is woken once: the renewal of leases, and the look behind it. One that comes alone goes on at once.
// The zero value is ready for use.
type pace struct {
	mu   sync.Mutex
	next time.Time     // before it, nobody goes on
	gate chan struct{} // closed when those who wait may go on; nil while nobody waits
}

func (p *pace) wait(ctx context.Context) error {
	gate := p.join(time.Now())
	if gate == nil {
		return nil
	}
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns what to wait for, nil for nothing.
func (p *pace) join(now time.Time) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gate == nil {
		pause := p.next.Sub(now)
		if pause <= 0 {
			p.next = now.Add(paceEvery)
			return nil
		}
		p.gate = make(chan struct{})
		time.AfterFunc(pause, p.open)
	}
	return p.gate
}

func (p *pace) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.gate)
	p.gate, p.next = nil, time.Now().Add(paceEvery)
}
