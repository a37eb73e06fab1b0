package semaphore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/semaphore"
)

// pool is the semaphore that most of these tests use.
const pool keys.Name = "pool"

// nobody is the caller of calls without a session.
var nobody semaphore.Caller

// acquireOf asks for permits of the pool, without a limit to the wait.
func acquireOf(c semaphore.Caller, request string, n semaphore.Permits) semaphore.AcquireRequest {
	return semaphore.AcquireRequest{Name: pool, Caller: c, Permits: n, RequestID: request}
}

// tryOf asks for permits of the pool, without waiting.
func tryOf(c semaphore.Caller, request string, n semaphore.Permits) semaphore.AcquireRequest {
	r := acquireOf(c, request, n)
	r.Timeout = within(0)
	return r
}

// again is a later attempt of a request.
func again(r semaphore.AcquireRequest) semaphore.AcquireRequest {
	r.Attempt++
	return r
}

// pending is an Acquire that was asked for and may not be answered yet.
type pending struct {
	t      testing.TB
	r      semaphore.AcquireRequest
	leave  context.CancelFunc
	done   chan struct{}
	answer semaphore.AcquireAnswer
	err    error
}

// begin asks for permits and does not wait for the answer.
func (g *gateway) begin(r semaphore.AcquireRequest) *pending {
	ctx, leave := context.WithCancel(g.w.t.Context())
	p := &pending{t: g.w.t, r: r, leave: leave, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.answer, p.err = g.Acquire(ctx, r)
	}()
	return p
}

// wait asks for permits, and returns when the request stands in line by this very call.
func (g *gateway) wait(r semaphore.AcquireRequest) *pending {
	g.w.t.Helper()
	was := g.w.seat(r.Name, r.RequestID)
	p := g.begin(r)
	g.w.eventually(r.RequestID+" stands in line", func() bool {
		now := g.w.seat(r.Name, r.RequestID)
		return p.over() || now.mod > was.mod
	})
	return p
}

// await returns the answer, which must come.
func (p *pending) await() (semaphore.AcquireAnswer, error) {
	p.t.Helper()
	select {
	case <-p.done:
		return p.answer, p.err
	case <-time.After(patience):
		p.t.Fatalf("no answer to %+v", p.r)
		return semaphore.AcquireAnswer{}, nil
	}
}

func (p *pending) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// acquired checks that the caller got what it asked for.
func (p *pending) acquired() {
	p.t.Helper()
	if a, err := p.await(); err != nil || !a.Acquired {
		p.t.Fatalf("%s got %+v, %v; want %d permits", p.r.RequestID, a, err, p.r.Permits)
	}
}

// fails checks that the answer is the error.
func (p *pending) fails(want error) {
	p.t.Helper()
	if a, err := p.await(); !errors.Is(err, want) {
		p.t.Fatalf("%s got %+v, %v; want %v", p.r.RequestID, a, err, want)
	}
}

// init gives the pool its permits.
func (g *gateway) init(n semaphore.Permits, sessionless bool) {
	g.w.t.Helper()
	r := semaphore.InitRequest{Name: pool, Permits: n, Sessionless: sessionless, RequestID: "init"}
	if first, err := g.Init(g.w.t.Context(), r); err != nil || !first {
		g.w.t.Fatalf("initializing got %v, %v", first, err)
	}
}

// release gives so many permits of the pool back.
func (g *gateway) release(c semaphore.Caller, request string, n semaphore.Permits) {
	g.w.t.Helper()
	r := semaphore.ReleaseRequest{Name: pool, Caller: c, Permits: n, RequestID: request}
	if a, err := g.Release(g.w.t.Context(), r); err != nil || a.Released != n {
		g.w.t.Fatalf("releasing %d got %+v, %v", n, a, err)
	}
}

// available checks how many permits of the pool are.
func (g *gateway) available(want semaphore.Permits) {
	g.w.t.Helper()
	if s, err := g.Get(g.w.t.Context(), pool); err != nil || s.Available != want {
		g.w.t.Fatalf("got %+v, %v; want %d available", s, err, want)
	}
}

// setup is what a test begins with: a pool in a world of its own.
type setup struct {
	permits  semaphore.Permits
	gateways int
	grace    time.Duration // 0 for the usual one
}

// caller opens a session by that name, which all gateways know, or is nobody.
type caller func(name string) semaphore.Caller

// eachKind runs a test for both kinds of semaphore.
func eachKind(t *testing.T, s setup, test func(t *testing.T, gs []*gateway, who caller)) {
	t.Parallel()
	for says, sessionless := range map[string]bool{"session-aware": false, "sessionless": true} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if s.grace > 0 {
				w.grace = s.grace
			}
			gs := w.gateways(s.gateways)
			gs[0].init(s.permits, sessionless)
			test(t, gs, func(name string) semaphore.Caller {
				if sessionless {
					return nobody
				}
				c := gs[0].caller(name)
				for _, g := range gs {
					g.current()
				}
				return c
			})
		})
	}
}
