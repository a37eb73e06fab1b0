package tests_test

import (
	"context"
	"errors"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// soon bounds what a test waits for; nothing that works comes near it.
const soon = 30 * time.Second

// rig is a node in use: our API, over gRPC or REST, and etcd's.
type rig struct {
	*testing.T
	addr string
	cpgatev1.FencedLockServiceClient
	cpgatev1.SessionServiceClient
	etcd *clientv3.Client
}

// serving makes a rig of a node that serves at addr.
func serving(t *testing.T, addr string) *rig {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}, DialTimeout: soon, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	r := &rig{T: t, addr: addr, etcd: c}
	return r.over(connect(t, addr))
}

// started starts a node.
func started(t *testing.T, options ...func(*cpgate.Config)) *rig {
	t.Helper()
	var with []cpgatetest.Option
	for _, o := range options {
		with = append(with, cpgatetest.WithConfig(o))
	}
	return serving(t, cpgatetest.Start(t, with...).Addr())
}

// connect makes a connection on which a call waits for a server that is away, but is not repeated when it breaks.
func connect(t *testing.T, addr string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	options = append(options,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, MaxDelay: 20 * time.Millisecond},
			MinConnectTimeout: soon,
		}),
	)
	c, err := grpc.NewClient("passthrough:///"+addr, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// on gives the rig to a subtest.
func (r *rig) on(t *testing.T) *rig {
	c := *r
	c.T = t
	return &c
}

// over makes the calls to our API go over another connection.
func (r *rig) over(c grpc.ClientConnInterface) *rig {
	other := *r
	other.FencedLockServiceClient = cpgatev1.NewFencedLockServiceClient(c)
	other.SessionServiceClient = cpgatev1.NewSessionServiceClient(c)
	return &other
}

// Invoke makes a route the connection of a client of our API.
func (r route) Invoke(ctx context.Context, method string, q, into any, _ ...grpc.CallOption) error {
	a, err := r(ctx, method, q.(proto.Message))
	if err == nil {
		proto.Merge(into.(proto.Message), a)
	}
	return err
}

// NewStream is for methods that stream; we have none.
func (r route) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.ErrUnsupported
}

// soon gives a context for what must not hang.
func (r *rig) soon() context.Context {
	ctx, cancel := context.WithTimeout(r.Context(), soon)
	r.Cleanup(cancel)
	return ctx
}

// session opens a session; ttl is in seconds, 0 for the default.
func (r *rig) session(ttl int32) string {
	r.Helper()
	s, err := r.OpenSession(r.soon(), &cpgatev1.OpenSessionRequest{TtlSeconds: ttl})
	if err != nil {
		r.Fatalf("opening a session: %v", err)
	}
	return s.GetSessionId()
}

// lock begins a call that may wait.
func (r *rig) lock(q *cpgatev1.LockRequest) *pending[*cpgatev1.LockResponse] {
	ctx := r.soon()
	return begin(func() (*cpgatev1.LockResponse, error) { return r.Lock(ctx, q) })
}

// hold takes a lock that is free, or held by the same caller.
func (r *rig) hold(q *cpgatev1.LockRequest) *cpgatev1.LockResponse {
	r.Helper()
	a := must(r.Lock(r.soon(), q))(r.T)
	if a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED || a.GetFence() <= 0 {
		r.Fatalf("locking %q: %v", q.GetName(), a)
	}
	return a
}

// refused asks for a lock without waiting, which must not succeed, and returns who holds it.
func (r *rig) refused(name, session string) *cpgatev1.Ticket {
	r.Helper()
	a := must(r.Lock(r.soon(), &cpgatev1.LockRequest{
		Name: name, SessionId: session, Timeout: durationpb.New(0), Owner: "try",
	}))(r.T)
	if a.GetOutcome() != cpgatev1.LockResponse_NOT_ACQUIRED {
		r.Fatalf("trying %q: %v", name, a)
	}
	return a.GetHolder()
}

func (r *rig) unlock(q *cpgatev1.UnlockRequest) *cpgatev1.UnlockResponse {
	r.Helper()
	return must(r.Unlock(r.soon(), q))(r.T)
}

// look shows a lock.
func (r *rig) look(name string) *cpgatev1.FencedLock {
	r.Helper()
	a := must(r.GetLock(r.soon(), &cpgatev1.GetLockRequest{Name: name}))(r.T)
	return a.GetLock()
}

// line is the holder of a lock and then its waiters, in order.
func (r *rig) line(name string) []*cpgatev1.Ticket {
	r.Helper()
	l := r.look(name)
	if l.GetHolder() == nil {
		return nil
	}
	return append([]*cpgatev1.Ticket{l.GetHolder()}, l.GetWaiters()...)
}

// awaitLine returns the line of a lock as soon as n stand in it.
func (r *rig) awaitLine(name string, n int) (line []*cpgatev1.Ticket) {
	r.Helper()
	r.await("the line of "+name, func() bool { line = r.line(name); return len(line) == n })
	return line
}

// await waits for a condition that is on its way.
func (r *rig) await(what string, ok func() bool) {
	r.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("waited in vain for %s", what)
		}
	}
}

// refuses checks for an error with that reason.
func (r *rig) refuses(err error, want cpgatev1.ErrorReason) {
	r.Helper()
	if got := reason(err); got != want.String() {
		r.Errorf("got %s, want %v", got, want)
	}
}

// must turns an error into the end of the test.
func must[V any](v V, err error) func(*testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// pending is a call under way.
type pending[V any] struct {
	done  chan struct{}
	value V
	err   error
	at    time.Time // when it was answered
}

func begin[V any](f func() (V, error)) *pending[V] {
	p := &pending[V]{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.value, p.err = f()
		p.at = time.Now()
	}()
	return p
}

// answered reports whether the answer is there.
func (p *pending[V]) answered() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// end waits for the answer.
func (p *pending[V]) end(t *testing.T) (V, error) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(soon):
		t.Fatal("no answer")
	}
	return p.value, p.err
}
