package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// stream is a stream as its client has it.
type stream struct {
	*testing.T
	wire    grpc.BidiStreamingClient[cpgatev1.ClientFrame, cpgatev1.ServerFrame]
	answers map[uint64]*cpgatev1.Answer // received and not taken yet
	order   []uint64
	events  []*cpgatev1.Event
}

func (p *port) stream(conn *grpc.ClientConn) *stream {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
	p.Cleanup(cancel)
	wire, err := cpgatev1.NewStreamServiceClient(conn).Connect(ctx)
	if err != nil {
		p.Fatal(err)
	}
	return &stream{T: p.T, wire: wire, answers: map[uint64]*cpgatev1.Answer{}}
}

// call makes a call of a request.
func call(id uint64, method string, q proto.Message) *cpgatev1.Call {
	c := frame.NewCall(method, q)
	c.Id = id
	return c
}

func (s *stream) send(calls ...*cpgatev1.Call) {
	s.Helper()
	if err := s.wire.Send(&cpgatev1.ClientFrame{Calls: calls}); err != nil {
		s.Fatal(err)
	}
}

func (s *stream) cancel(ids ...uint64) {
	s.Helper()
	if err := s.wire.Send(&cpgatev1.ClientFrame{Cancels: ids}); err != nil {
		s.Fatal(err)
	}
}

// receive takes in one more frame.
func (s *stream) receive() error {
	f, err := s.wire.Recv()
	if err != nil {
		return err
	}
	if n := proto.Size(f); n > frame.Size && len(f.GetAnswers())+len(f.GetEvents()) > 1 {
		s.Errorf("%d bytes in one frame", n)
	}
	s.events = append(s.events, f.GetEvents()...)
	for _, a := range f.GetAnswers() {
		if s.answers[a.GetId()] != nil {
			s.Errorf("call %d is answered twice", a.GetId())
		}
		s.answers[a.GetId()] = a
		s.order = append(s.order, a.GetId())
	}
	return nil
}

// answer waits for that of a call.
func (s *stream) answer(id uint64) *cpgatev1.Answer {
	s.Helper()
	for s.answers[id] == nil {
		if err := s.receive(); err != nil {
			s.Fatal(err)
		}
	}
	a := s.answers[id]
	delete(s.answers, id)
	return a
}

// end waits for the end of the stream.
func (s *stream) end() error {
	for {
		if err := s.receive(); err != nil {
			return err
		}
	}
}

// event waits for the next one.
func (s *stream) event() *cpgatev1.Event {
	s.Helper()
	for len(s.events) == 0 {
		if err := s.receive(); err != nil {
			s.Fatal(err)
		}
	}
	e := s.events[0]
	s.events = s.events[1:]
	return e
}

// ask makes one call and waits for its answer.
func (s *stream) ask(id uint64, method string, q proto.Message) *cpgatev1.Answer {
	s.Helper()
	s.send(call(id, method, q))
	return s.answer(id)
}

const (
	open1  = cpgatev1.SessionService_OpenSession_FullMethodName
	beat   = cpgatev1.SessionService_Heartbeat_FullMethodName
	close1 = cpgatev1.SessionService_CloseSession_FullMethodName
	lock   = cpgatev1.FencedLockService_Lock_FullMethodName
	unlock = cpgatev1.FencedLockService_Unlock_FullMethodName
)

func (s *stream) open(id uint64, ttl int32) string {
	s.Helper()
	a := s.ask(id, open1, &cpgatev1.OpenSessionRequest{TtlSeconds: ttl})
	if a.GetError() != nil {
		s.Fatal(a.GetError())
	}
	return a.GetOpenSession().GetSessionId()
}

func (s *stream) hold(id uint64, name, sid string) int64 {
	s.Helper()
	a := s.ask(id, lock, &cpgatev1.LockRequest{Name: name, SessionId: sid})
	if a.GetLock().GetFence() == 0 {
		s.Fatalf("locking %q: %v", name, a)
	}
	return a.GetLock().GetFence()
}

func TestStream_AnswersOutOfOrderAndBySideOfUnaryCalls(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s := p.stream(conn)
	a, b := s.open(1, 0), p.session(conn)
	fence := s.hold(2, "orders", a)
	s.send(call(3, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: b}), call(4, lock, &cpgatev1.LockRequest{Name: "other", SessionId: a}))
	s.answer(4)
	if s.answers[3] != nil {
		t.Fatal("two hold")
	}
	if _, err := cpgatev1.NewFencedLockServiceClient(conn).Unlock(t.Context(), &cpgatev1.UnlockRequest{Name: "orders", SessionId: a, Fence: fence}); err != nil {
		t.Fatal(err)
	}
	if l := s.answer(3).GetLock(); l.GetFence() <= fence {
		t.Errorf("%v behind fence %d", l, fence)
	}
}

// One frame may have very many calls, and each is answered once.
func TestStream_TakesManyCallsInOneFrame(t *testing.T) {
	p := open(t)
	s := p.stream(p.dial())
	sid := s.open(1, 0)
	const many = 3000
	var calls []*cpgatev1.Call
	for id := range uint64(many) {
		calls = append(calls, call(id+2, beat, &cpgatev1.HeartbeatRequest{SessionId: sid}))
	}
	s.send(calls...)
	for id := range uint64(many) {
		if a := s.answer(id + 2); a.GetHeartbeat().GetTtlSeconds() == 0 {
			t.Fatal(a)
		}
	}
}

func TestStream_CancelsOneCall(t *testing.T) {
	p := open(t)
	s := p.stream(p.dial())
	sid := s.open(1, 0)
	s.hold(2, "orders", sid)
	wait := func(id uint64, owner string) *cpgatev1.Call {
		return call(id, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: owner})
	}
	s.send(wait(3, "b"), wait(4, "c"))
	s.cancel(3, 99)
	if code := codes.Code(s.answer(3).GetError().GetCode()); code != codes.Canceled {
		t.Errorf("the cancelled call ended with %v", code)
	}
	s.send(call(3, unlock, &cpgatev1.UnlockRequest{Name: "orders", SessionId: sid})) // its id is free again
	s.answer(3)
	if s.answer(4).GetLock().GetFence() == 0 { // also where b's ticket holds for the grace before
		t.Error("the other one does not hold")
	}
}

func TestStream_EndsACallWhoseClientDoesNotWaitAnyLonger(t *testing.T) {
	p := open(t)
	s := p.stream(p.dial())
	sid := s.open(1, 0)
	s.hold(2, "orders", sid)
	c := call(3, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "b"})
	c.AnswerWithin = durationpb.New(100 * time.Millisecond)
	s.send(c)
	if code := codes.Code(s.answer(3).GetError().GetCode()); code != codes.DeadlineExceeded {
		t.Errorf("the call ended with %v", code)
	}
}

// An error is, in every detail, that of a unary call.
func TestStream_GivesTheErrorsOfUnaryCalls(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s := p.stream(conn)
	for n, q := range []*cpgatev1.LockRequest{
		{SessionId: "1"},
		{Name: "orders", SessionId: "x"},
		{Name: "orders", SessionId: "1"},
		{Name: "orders", SessionId: "1", Timeout: durationpb.New(-1)},
	} {
		_, err := cpgatev1.NewFencedLockServiceClient(conn).Lock(t.Context(), q)
		if got := s.ask(uint64(n+1), lock, q).GetError(); err == nil || !proto.Equal(got, status.Convert(err).Proto()) {
			t.Errorf("%v: %v, and over the stream %v", q, err, got)
		}
	}
}

func TestStream_EndsOverAFrameThatBreaksARule(t *testing.T) {
	p := open(t)
	conn := p.dial()
	sid := p.session(conn)
	wait := &cpgatev1.LockRequest{Name: "busy", SessionId: sid}
	for name, calls := range map[string][]*cpgatev1.Call{
		"no id":            {call(0, lock, wait)},
		"one id for two":   {call(7, lock, wait), call(7, lock, wait), call(7, lock, wait)},
		"the id of a beat": {call(0, beat, &cpgatev1.HeartbeatRequest{SessionId: sid})},
	} {
		s := p.stream(conn)
		s.hold(1, "busy", p.session(conn))
		s.send(calls...)
		err := s.end()
		if status.Code(err) != codes.InvalidArgument || fieldIn(err) != "calls.id" {
			t.Errorf("%s: %v", name, err)
		}
		p.post("/v1/locks/busy:forceUnlock", "{}")
	}
	s := p.stream(conn)
	s.send(&cpgatev1.Call{Id: 1})
	err := status.ErrorProto(s.answer(1).GetError())
	if status.Code(err) != codes.InvalidArgument || fieldIn(err) != "calls.request" {
		t.Errorf("a call without a request: %v", err)
	}
	later := &cpgatev1.Call{Id: 2}
	later.ProtoReflect().SetUnknown([]byte{0xfa, 0x3f, 0}) // field 1023, a message
	s.send(later)
	if err := status.ErrorProto(s.answer(2).GetError()); status.Code(err) != codes.Unimplemented {
		t.Errorf("a request of another version: %v", err)
	}
}

func infoIn(err error) *errdetails.ErrorInfo {
	for _, d := range status.Convert(err).Details() {
		if i, ok := d.(*errdetails.ErrorInfo); ok {
			return i
		}
	}
	return nil
}

func fieldIn(err error) string { return infoIn(err).GetMetadata()["field"] }

func TestStream_AnswersWhatIsUnderWayWhenItsClientHasNoMoreToAsk(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s := p.stream(conn)
	sid := s.open(1, 0)
	s.hold(2, "orders", sid)
	s.send(call(3, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "b"}))
	if err := s.wire.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := cpgatev1.NewFencedLockServiceClient(conn).Unlock(t.Context(), &cpgatev1.UnlockRequest{Name: "orders", SessionId: sid}); err != nil {
		t.Fatal(err)
	}
	if s.answer(3).GetLock().GetFence() == 0 {
		t.Error("no hold")
	}
	if err := s.end(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// What a client may pile up here is bounded: further calls begin when others have ended.
func TestStream_BoundsWhatIsUnderWay(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, latches := p.stream(conn), cpgatev1.NewCountDownLatchServiceClient(conn)
	if _, err := latches.TrySetCount(t.Context(), &cpgatev1.TrySetCountRequest{Name: "latch", Count: 1}); err != nil {
		t.Fatal(err)
	}
	const await = cpgatev1.CountDownLatchService_Await_FullMethodName
	const all = frame.MaxCalls + 100
	for id := range uint64(all) {
		s.send(call(id+1, await, &cpgatev1.AwaitRequest{Name: "latch"}))
	}
	full := fmt.Sprintf("cpgate_calls_running{method=%q} %d\n", await, frame.MaxCalls)
	eventually(t, "the stream is full", func() bool { return strings.Contains(p.get("/metrics").body, full) })
	time.Sleep(100 * time.Millisecond)
	if !strings.Contains(p.get("/metrics").body, full) {
		t.Error("more calls are under way than the stream has room for")
	}
	if _, err := latches.CountDown(t.Context(), &cpgatev1.CountDownRequest{Name: "latch"}); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(all) {
		if a := s.answer(id + 1); !a.GetAwait().GetCompleted() {
			t.Fatal(a)
		}
	}
}

func TestStream_EndsWithItsGateway(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s := p.stream(conn)
	sid := s.open(1, 0)
	s.hold(2, "orders", sid)
	s.send(call(3, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "b"}))
	eventually(t, "somebody waits", func() bool {
		r, err := cpgatev1.NewFencedLockServiceClient(conn).GetLock(t.Context(), &cpgatev1.GetLockRequest{Name: "orders"})
		return err == nil && r.GetLock().GetWaiterCount() == 1
	})
	p.node.Stop(t)
	if s.event().GetGoingAway() == nil {
		t.Error("clients are not told to go")
	}
	if code := codes.Code(s.answer(3).GetError().GetCode()); code != codes.Unavailable {
		t.Errorf("a wait ended with %v", code)
	}
	err := s.end()
	if i := infoIn(err); status.Code(err) != codes.Unavailable || i.GetReason() != "NO_QUORUM" { // which a broken connection does not say
		t.Errorf("the stream ended with %v, %v", err, i)
	}
}
