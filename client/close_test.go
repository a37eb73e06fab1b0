package client_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func TestClose_FreesEverythingAtOnce(t *testing.T) {
	node := cpgatetest.Start(t)
	s, busy := wire(t, node.Addr()), node.Client(t).Lock("busy")
	lock(t, busy)
	c := connect(t, at(node.Addr()))
	lock(t, c.Lock("a"))
	lock(t, c.Lock("b", client.Owner("me")))
	waiting := lockAside(within(t), c.Lock("busy"))
	s.awaitWaiters(t, "busy", 1)
	started, done := make(chan struct{}), make(chan error, 1)
	go func() {
		_, cause, err := untilLost(t, c.Lock("do"), started)
		done <- errors.Join(cause, err)
	}()
	receive(t, started)

	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "do"} {
		if s.look(t, name).GetFence() != 0 {
			t.Errorf("%s is held", name)
		}
	}
	if n := s.look(t, "busy").GetWaiterCount(); n != 0 {
		t.Errorf("%d wait", n)
	}
	if g := receive(t, waiting); !errors.Is(g.err, client.ErrClosed) {
		t.Errorf("waiting: %+v", g)
	}
	if err := receive(t, done); !errors.Is(err, client.ErrClosed) || !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("Do: %v", err)
	}
	r, err := s.ListSessions(within(t), &cpgatev1.ListSessionsRequest{})
	if err != nil || len(r.GetSessions()) != 1 {
		t.Errorf("sessions %v, %v", r.GetSessions(), err)
	}
}

func TestClose_IsForGood(t *testing.T) {
	c := cpgatetest.Start(t).Client(t)
	l := c.Lock("orders")
	lock(t, l)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Lock(within(t)); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Lock: %v", err)
	}
	if _, _, err := l.TryLock(within(t), 0); !errors.Is(err, client.ErrClosed) {
		t.Errorf("TryLock: %v", err)
	}
	if err := l.Unlock(within(t)); !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("Unlock: %v", err)
	}
	if _, err := c.SessionID(within(t)); !errors.Is(err, client.ErrClosed) {
		t.Errorf("SessionID: %v", err)
	}
}

func TestClose_SaysWhenNoServerConfirmedAndDoesNotHang(t *testing.T) {
	t.Parallel()
	node := cpgatetest.Start(t)
	for name, breakLine := range map[string]func(*proxy){"cut": (*proxy).cut, "frozen": (*proxy).freeze} {
		p := newProxy(t, node.Addr())
		c := connect(t, at(p.addr()))
		lock(t, c.Lock(name))
		breakLine(p)
		start := time.Now()
		if err := c.Close(); !errors.Is(err, client.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

// Close against calls that are just beginning: none may leave a session behind.
func TestClose_WhileCallsBeginLeavesNoSession(t *testing.T) {
	node := cpgatetest.Start(t)
	s := wire(t, node.Addr())
	for n := range 50 {
		c := connect(t, at(node.Addr()))
		if n%2 == 0 {
			sessionID(t, c)
		}
		calls := []<-chan got{lockAside(within(t), c.Lock("a")), lockAside(within(t), c.Lock("b"))}
		time.Sleep(time.Duration(n) * 50 * time.Microsecond)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		for _, call := range calls {
			receive(t, call)
		}
	}
	for _, name := range []string{"a", "b"} {
		s.awaitFree(t, name)
	}
}

func TestClose_LeavesNoGoroutine(t *testing.T) {
	node := cpgatetest.Start(t)
	s, p := wire(t, node.Addr()), newProxy(t, node.Addr())
	holdRaw(t, s, "busy")
	connections := running("http2Client).reader")
	c := connect(t, at(p.addr(), node.Addr()))
	ctx, cancel := context.WithCancel(t.Context())
	waiting := lockAside(ctx, c.Lock("busy"))
	s.awaitWaiters(t, "busy", 1)
	p.cut()
	l := c.Lock("orders")
	lock(t, l)
	unlock(t, l)
	cancel()
	receive(t, waiting)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return running("cpgate/client.") == 0 && running("http2Client).reader") <= connections })
}

// holdRaw holds a lock without a Client.
func holdRaw(t *testing.T, s server, name string) {
	t.Helper()
	session, err := s.OpenSession(within(t), &cpgatev1.OpenSessionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lock(within(t), &cpgatev1.LockRequest{Name: name, SessionId: session.GetSessionId()}); err != nil {
		t.Fatal(err)
	}
}

// running counts the goroutines with that text in their stacks.
func running(text string) (n int) {
	buf := make([]byte, 4<<20)
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, text) {
			n++
		}
	}
	return n
}
