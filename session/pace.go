package session

import (
	"context"
	"sync"
	"time"
)

// longestPace is little of the shortest TTL.
const longestPace = 200 * time.Millisecond

// paceOf is how long heartbeats are gathered at the most that each come once in an interval: a hundredth of it.
func paceOf(interval time.Duration) time.Duration { return min(interval/100, longestPace) }

// pace lets heartbeats go on together that come shortly after one another, so that what each of them wakes up, here and in
// the other members, is woken once: the renewal of leases, and the look behind it. One that comes alone goes on at once.
type pace struct {
	every time.Duration

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
			p.next = now.Add(p.every)
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
	p.gate, p.next = nil, time.Now().Add(p.every)
}
