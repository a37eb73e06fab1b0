package client_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// soon bounds what a test waits for; nothing that works comes near it.
const soon = time.Minute

// short gives a node whose sessions expire after two seconds.
func short(t *testing.T) *cpgatetest.Node {
	return cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) {
		c.SessionTTLSeconds, c.SessionHeartbeatIntervalSeconds = 2, 1
	}))
}

// within gives a context that fails what hangs.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	t.Cleanup(cancel)
	return ctx
}

// connect gives a client that is closed when the test ends, also when its server is gone.
func connect(t *testing.T, c client.Config) *client.Client {
	t.Helper()
	got, err := client.NewWith(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = got.Close() })
	return got
}

func at(addrs ...string) client.Config { return client.Config{Endpoints: addrs} }

// server is the API as it is on the wire, to look at what the client did and to interfere.
type server struct {
	cpgatev1.FencedLockServiceClient
	cpgatev1.SessionServiceClient
	cpgatev1.SemaphoreServiceClient
}

func wire(t *testing.T, addr string) server {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return server{
		cpgatev1.NewFencedLockServiceClient(conn), cpgatev1.NewSessionServiceClient(conn),
		cpgatev1.NewSemaphoreServiceClient(conn),
	}
}

func (s server) look(t *testing.T, name string) *cpgatev1.FencedLock {
	t.Helper()
	r, err := s.GetLock(within(t), &cpgatev1.GetLockRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return r.GetLock()
}

func (s server) awaitWaiters(t *testing.T, name string, n int) {
	t.Helper()
	await(t, func() bool { return int(s.look(t, name).GetWaiterCount()) == n })
}

func (s server) awaitFree(t *testing.T, name string) {
	t.Helper()
	await(t, func() bool { return s.look(t, name).GetFence() == 0 })
}

func expectNoSession(t *testing.T, node *cpgatetest.Node) {
	t.Helper()
	r, err := wire(t, node.Addr()).ListSessions(within(t), &cpgatev1.ListSessionsRequest{})
	if err != nil || len(r.GetSessions()) != 0 {
		t.Errorf("sessions %v, %v", r.GetSessions(), err)
	}
}

// await asks until ok.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

func lock(t *testing.T, l *client.Lock) client.Fence {
	t.Helper()
	fence, err := l.Lock(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if fence <= 0 {
		t.Fatalf("fence %d", fence)
	}
	return fence
}

func unlock(t *testing.T, l *client.Lock) {
	t.Helper()
	if err := l.Unlock(within(t)); err != nil {
		t.Fatal(err)
	}
}

// got is what a Lock in another goroutine came to.
type got struct {
	fence client.Fence
	err   error
}

func lockAside(ctx context.Context, l *client.Lock) <-chan got {
	c := make(chan got, 1)
	go func() {
		fence, err := l.Lock(ctx)
		c <- got{fence, err}
	}()
	return c
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(soon):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
