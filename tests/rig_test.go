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
	cpgatev1.SemaphoreServiceClient
	cpgatev1.CountDownLatchServiceClient
	cpgatev1.SessionServiceClient
	conn grpc.ClientConnInterface // what these clients go over
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
	return serving(t, startNode(t, asOptions(options)...).Addr())
}

func asOptions(changes []func(*cpgate.Config)) (options []cpgatetest.Option) {
	for _, change := range changes {
		options = append(options, cpgatetest.WithConfig(change))
	}
	return options
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
	other.conn = c
	other.FencedLockServiceClient = cpgatev1.NewFencedLockServiceClient(c)
	other.SemaphoreServiceClient = cpgatev1.NewSemaphoreServiceClient(c)
	other.CountDownLatchServiceClient = cpgatev1.NewCountDownLatchServiceClient(c)
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

// ask makes the call that q is a request of, and tells only what went wrong.
func (r *rig) ask(ctx context.Context, q proto.Message) error {
	method := methodOf(q)
	return r.conn.Invoke(ctx, method, q, answerOf(method))
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

// initialize gives a semaphore its permits.
func (r *rig) initialize(q *cpgatev1.InitSemaphoreRequest) {
	r.Helper()
	if a := must(r.InitSemaphore(r.soon(), q))(r.T); !a.GetInitialized() {
		r.Fatalf("initializing %q: it has been", q.GetName())
	}
}

// acquire begins a call that may wait.
func (r *rig) acquire(q *cpgatev1.AcquireRequest) *pending[*cpgatev1.AcquireResponse] {
	ctx := r.soon()
	return begin(func() (*cpgatev1.AcquireResponse, error) { return r.Acquire(ctx, q) })
}

// take acquires permits, for which it may have to wait.
func (r *rig) take(q *cpgatev1.AcquireRequest) {
	r.Helper()
	r.admits(r.acquire(q))
}

// admits waits for a call to get its permits.
func (r *rig) admits(wait *pending[*cpgatev1.AcquireResponse]) {
	r.Helper()
	if a := must(wait.end(r.T))(r.T); a.GetOutcome() != cpgatev1.AcquireResponse_ACQUIRED {
		r.Errorf("acquiring got %v", a)
	}
}

// unavailable tries to acquire one permit, which must not succeed.
func (r *rig) unavailable(name, session string) {
	r.Helper()
	a := must(r.Acquire(r.soon(), &cpgatev1.AcquireRequest{Name: name, SessionId: session, Timeout: atOnce}))(r.T)
	if a.GetOutcome() != cpgatev1.AcquireResponse_NOT_ACQUIRED {
		r.Errorf("trying %q: %v", name, a)
	}
}

func (r *rig) release(name, session string, permits int32) {
	r.Helper()
	q := &cpgatev1.ReleaseRequest{Name: name, SessionId: session, Permits: &permits}
	if a := must(r.Release(r.soon(), q))(r.T); a.GetReleased() != permits {
		r.Errorf("releasing %d gave back %v", permits, a)
	}
}

func (r *rig) destroySemaphore(name string) {
	r.Helper()
	a := must(r.DestroySemaphore(r.soon(), &cpgatev1.DestroySemaphoreRequest{Name: name}))(r.T)
	if !a.GetDestroyed() {
		r.Errorf("there was no %q to destroy", name)
	}
}

// semaphore shows a semaphore.
func (r *rig) semaphore(name string) *cpgatev1.Semaphore {
	r.Helper()
	return must(r.GetSemaphore(r.soon(), &cpgatev1.GetSemaphoreRequest{Name: name}))(r.T).GetSemaphore()
}

// awaitPermitWaiters returns who waits for a semaphore as soon as they are n.
func (r *rig) awaitPermitWaiters(name string, n int) (waiters []*cpgatev1.PermitWaiter) {
	r.Helper()
	r.await("the waiters for "+name, func() bool {
		waiters = r.semaphore(name).GetWaiters()
		return len(waiters) == n
	})
	return waiters
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
