package client_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const connectMethod = cpgatev1.StreamService_Connect_FullMethodName

// tally counts the RPCs that a client makes, by method.
type tally struct {
	mu sync.Mutex
	of map[string]int
}

func (c *tally) TagRPC(ctx context.Context, i *stats.RPCTagInfo) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[i.FullMethodName]++
	return ctx
}

func (c *tally) HandleRPC(context.Context, stats.RPCStats) {}

func (c *tally) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (c *tally) HandleConn(context.Context, stats.ConnStats) {}

func (c *tally) count(method string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[method]
}

// bySelf is how many calls went without a stream.
func (c *tally) bySelf() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for method, times := range c.of {
		if method != connectMethod {
			n += times
		}
	}
	return n
}

// counted gives a client whose RPCs are counted.
func counted(t *testing.T, addr string, options ...grpc.DialOption) (*client.Client, *tally) {
	t.Helper()
	c := &tally{of: map[string]int{}}
	cfg := at(addr)
	cfg.DialOptions = append([]grpc.DialOption{grpc.WithStatsHandler(c)}, options...)
	return connect(t, cfg), c
}

func TestStream_CarriesAllCalls(t *testing.T) {
	c, rpcs := counted(t, addr)
	var all errgroup.Group
	for i := range 100 {
		all.Go(func() error { return cycle(within(t), c.Lock(name(t, i))) })
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if streams, others := rpcs.count(connectMethod), rpcs.bySelf(); streams != 1 || others != 0 {
		t.Errorf("%d streams, and %d calls without", streams, others)
	}
}

// front stands before a node as another server, whatever that is.
type front struct {
	addr    string
	node    *grpc.ClientConn
	streams bool                           // it has them
	says    atomic.Pointer[cpgatev1.Event] // what it adds to each frame of answers

	mu     sync.Mutex
	frames []*cpgatev1.ClientFrame // that clients sent
}

func startFront(t *testing.T, node string, streams bool) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(node, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	if err != nil {
		t.Fatal(err)
	}
	f := &front{addr: l.Addr().String(), node: conn, streams: streams}
	s := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(f.forward), grpc.WaitForHandlers(true))
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		conn.Close()
		s.Stop()
		serving.Wait()
	})
	return f
}

func (f *front) forward(_ any, s grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(s)
	switch {
	case method == connectMethod && f.streams:
		return f.forwardStream(s)
	case method == connectMethod:
		return status.Error(codes.Unimplemented, "unknown service")
	}
	var q, a []byte
	if err := s.RecvMsg(&q); err != nil {
		return err
	}
	if err := f.node.Invoke(s.Context(), method, &q, &a); err != nil {
		return err
	}
	return s.SendMsg(&a)
}

func (f *front) forwardStream(s grpc.ServerStream) error {
	node, err := f.node.NewStream(s.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, connectMethod)
	if err != nil {
		return err
	}
	go func() {
		for b := []byte(nil); s.RecvMsg(&b) == nil && node.SendMsg(&b) == nil; {
			f.note(b)
		}
	}()
	for {
		var b []byte
		if err := node.RecvMsg(&b); err != nil {
			return err
		}
		if e := f.says.Load(); e != nil {
			more := &cpgatev1.ServerFrame{Events: []*cpgatev1.Event{e}}
			if b, err = (proto.MarshalOptions{}).MarshalAppend(b, more); err != nil { // one message after the other is both
				return err
			}
		}
		if err := s.SendMsg(&b); err != nil {
			return err
		}
	}
}

func (f *front) note(b []byte) {
	var q cpgatev1.ClientFrame
	if proto.Unmarshal(b, &q) != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frames = append(f.frames, &q)
}

func (f *front) came() []*cpgatev1.ClientFrame {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.frames
}

// raw leaves messages as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (raw) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), b...)
	return nil
}

func (raw) Name() string { return "raw" }

func TestStream_IsDoneWithoutWhereTheServerHasNone(t *testing.T) {
	c, rpcs := counted(t, startFront(t, addr, false).addr)
	l := c.Lock(name(t, 1))
	for range 3 {
		lock(t, l)
		unlock(t, l)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if streams, others := rpcs.count(connectMethod), rpcs.bySelf(); streams != 1 || others != 8 {
		t.Errorf("%d streams, and %d calls without", streams, others)
	}
}

// What stands between and lets no stream through does not make a client useless.
func TestStream_IsDoneWithoutWhereItDoesNotGetThrough(t *testing.T) {
	refuses := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
		return nil, status.Error(codes.PermissionDenied, "no streams here")
	}
	c, rpcs := counted(t, addr, grpc.WithStreamInterceptor(refuses))
	lock(t, c.Lock(name(t, 1)))
	if rpcs.count(cpgatev1.FencedLockService_Lock_FullMethodName) != 1 {
		t.Error("the lock was not taken without a stream")
	}
}

// An interceptor may say more about a call than a frame can.
func TestStream_LeavesAloneCallsThatCarryMore(t *testing.T) {
	tell := func(ctx context.Context, method string, q, a any, conn *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		switch {
		case strings.HasSuffix(method, "/Lock"):
			ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", "00-1-1-00")
		case strings.HasSuffix(method, "/Unlock"):
			opts = append(opts, grpc.Header(&metadata.MD{}))
		}
		return call(ctx, method, q, a, conn, opts...)
	}
	c, rpcs := counted(t, addr, grpc.WithUnaryInterceptor(tell))
	l := c.Lock(name(t, 1))
	lock(t, l)
	unlock(t, l)
	for method, want := range map[string]int{
		cpgatev1.FencedLockService_Lock_FullMethodName: 1, cpgatev1.FencedLockService_Unlock_FullMethodName: 1,
		cpgatev1.SessionService_OpenSession_FullMethodName: 0, connectMethod: 1,
	} {
		if got := rpcs.count(method); got != want {
			t.Errorf("%s was called %d times, want %d", method, got, want)
		}
	}
}

// Waits may fill a stream, but never keep from the server what would end them.
func TestStream_CallsThatItHasNoRoomForGoByThemselves(t *testing.T) {
	const more = 50
	c, rpcs := counted(t, addr)
	latch := c.Latch(name(t, 1))
	if _, _, err := latch.TrySetCount(within(t), 1); err != nil {
		t.Fatal(err)
	}
	var all errgroup.Group
	for range frame.MaxCalls + more {
		all.Go(func() error { return latch.Await(within(t)) })
	}
	await(t, func() bool { return rpcs.count(cpgatev1.CountDownLatchService_Await_FullMethodName) == more })
	if err := latch.CountDown(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

// Nothing but the server's word could tell in time: there is no heartbeat before.
func TestDo_EndsAtOnceWhenItsSessionIsClosedBehindItsBack(t *testing.T) {
	node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) { c.SessionHeartbeatIntervalSeconds = 100 }))
	c, s := node.Client(t), wire(t, node.Addr())
	id, started := sessionID(t, c), make(chan struct{})
	go func() {
		<-started
		endSession(t, s, id)
	}()
	_, cause, err := untilLost(t, c.Lock("orders"), started)
	if !errors.Is(cause, client.ErrSessionExpired) || !errors.Is(err, client.ErrOwnershipLost) {
		t.Errorf("cause %v, Do %v", cause, err)
	}
}

// The server is told for how long a caller waits, should the connection go silent, and that it has left.
func TestStream_EndsACallWhoseCallerLeaves(t *testing.T) {
	f := startFront(t, addr, true)
	latch := connect(t, at(f.addr)).Latch(name(t, 1))
	if _, _, err := latch.TrySetCount(within(t), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	left := make(chan error, 1)
	go func() { left <- latch.Await(ctx) }()
	var wait *cpgatev1.Call
	await(t, func() bool {
		for _, q := range f.came() {
			for _, c := range q.GetCalls() {
				if c.GetAwait() != nil {
					wait = c
				}
			}
		}
		return wait != nil
	})
	cancel()
	if err := receive(t, left); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	await(t, func() bool {
		return slices.ContainsFunc(f.came(), func(q *cpgatev1.ClientFrame) bool { return slices.Contains(q.GetCancels(), wait.GetId()) })
	})
	if d := wait.GetAnswerWithin().AsDuration(); d <= 0 || d > soon {
		t.Errorf("the server was told to answer within %v", d)
	}
}

// A server that is about to stop says so: what is called from then on goes elsewhere.
func TestCall_GoesElsewhereWhenItsEndpointGoesAway(t *testing.T) {
	first := startFront(t, addr, true)
	l := connect(t, at(first.addr, addr)).Lock(name(t, 1))
	lock(t, l)
	unlock(t, l)
	first.says.Store(&cpgatev1.Event{Event: &cpgatev1.Event_GoingAway{GoingAway: &cpgatev1.GoingAway{}}})
	lock(t, l)
	came := len(first.came())
	unlock(t, l)
	lock(t, l)
	if now := len(first.came()); came == 0 || now != came {
		t.Errorf("%d frames came to the server that goes away, and %d before", now, came)
	}
}

// secret is a token that a program has from elsewhere, as credentials for each call.
type secret struct {
	mu    sync.Mutex
	token string
}

func (s *secret) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]string{"authorization": "Bearer " + s.token}, nil
}

func (s *secret) RequireTransportSecurity() bool { return false }

func (s *secret) renew(t *testing.T, r *realm) {
	t.Helper()
	conn, err := grpc.NewClient(r.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	a, err := cpgatev1.NewAuthServiceClient(conn).Login(within(t), &cpgatev1.LoginRequest{User: "alice", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = a.GetToken()
}

// The credentials of a stream are those of its beginning.
func TestStream_FollowsCredentialsThatChange(t *testing.T) {
	t.Parallel()
	r, s := newRealm(t), &secret{}
	r.enable(t)
	s.renew(t, r)
	c, rpcs := counted(t, r.Addr(), grpc.WithPerRPCCredentials(s))
	l := c.Lock("orders")
	lock(t, l)
	unlock(t, l)
	if _, err := r.etcd.UserChangePassword(within(t), "alice", "secret"); err != nil { // which ends the token
		t.Fatal(err)
	}
	s.renew(t, r)
	lock(t, l)
	unlock(t, l)
	if n := rpcs.count(connectMethod); n < 2 {
		t.Errorf("%d streams", n)
	}
}
