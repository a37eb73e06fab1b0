package linearizability_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/tests/linearizability"
)

// story is a history made by hand. Times are small numbers.
type story struct{ linearizability.History }

// order is whether there is an order for a history.
func order(h linearizability.History) porcupine.CheckResult {
	for _, p := range h.Parts(true) {
		if r := p.Check(0); r != porcupine.Ok {
			return r
		}
	}
	return porcupine.Ok
}

// haveOrders checks that each story has an order.
func haveOrders(t *testing.T, stories map[string]func(*story)) {
	t.Helper()
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			s := &story{}
			tell(s)
			if r := order(s.History); r != porcupine.Ok {
				t.Errorf("porcupine says %s", r)
			}
		})
	}
}

// endWrongly checks that it is the last thing told in each story for which it has no order.
func endWrongly(t *testing.T, stories map[string]func(*story)) {
	t.Helper()
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			s := &story{}
			tell(s)
			if r := order(s.History); r != porcupine.Illegal {
				t.Errorf("porcupine says %s", r)
			}
			if r := order(s.History[:len(s.History)-1]); r != porcupine.Ok {
				t.Errorf("porcupine says %s of what went before", r)
			}
		})
	}
}

// ask is a request that got an answer.
func (s *story) ask(from, to int64, q, a proto.Message) {
	s.History = append(s.History, linearizability.Attempt{Call: from, Return: to, Request: q, Answer: a})
}

// fail is one that was told a reason.
func (s *story) fail(from, to int64, q proto.Message, reason string) {
	s.History = append(s.History, linearizability.Attempt{Call: from, Return: to, Request: q, Reason: reason})
}

// lose is one that was never answered.
func (s *story) lose(from, to int64, q proto.Message) {
	s.History = append(s.History, linearizability.Attempt{Call: from, Return: to, Request: q, Lost: true})
}

// open opens sessions that can't expire before a moment.
func (s *story) open(until int64, sessions ...string) {
	for _, id := range sessions {
		s.ask(0, 1, &cpgatev1.OpenSessionRequest{}, &cpgatev1.OpenSessionResponse{
			SessionId: id, ValidFor: durationpb.New(time.Duration(until)),
		})
	}
}

func (s *story) close(from, to int64, session string) {
	s.ask(from, to, &cpgatev1.CloseSessionRequest{SessionId: session}, &cpgatev1.CloseSessionResponse{Closed: true})
}

// long is a session's life that no story outlasts.
const long = 1_000_000

var requests int

// fresh is a new request id.
func fresh() string {
	requests++
	return fmt.Sprint("r", requests)
}

var atOnce = durationpb.New(0)

func lock(session string) *cpgatev1.LockRequest {
	return &cpgatev1.LockRequest{Name: "x", SessionId: session, RequestId: fresh(), Timeout: atOnce}
}

func acquired(fence int64, count int32) *cpgatev1.LockResponse {
	return &cpgatev1.LockResponse{Outcome: cpgatev1.LockResponse_ACQUIRED, Fence: fence, HoldCount: count}
}

// busy is the refusal of a lock that a session holds.
func busy(session string, fence int64) *cpgatev1.LockResponse {
	return &cpgatev1.LockResponse{
		Outcome: cpgatev1.LockResponse_NOT_ACQUIRED, Holder: &cpgatev1.Ticket{SessionId: session, Fence: fence},
	}
}

func unlock(session string, fence int64) *cpgatev1.UnlockRequest {
	return &cpgatev1.UnlockRequest{Name: "x", SessionId: session, Fence: fence, RequestId: fresh()}
}

func left(count int32) *cpgatev1.UnlockResponse { return &cpgatev1.UnlockResponse{HoldCount: count} }

var alreadyUnlocked = &cpgatev1.UnlockResponse{AlreadyReleased: true}

func force(fence int64) *cpgatev1.ForceUnlockRequest {
	return &cpgatev1.ForceUnlockRequest{Name: "x", Fence: fence}
}

func forced(session string, fence int64) *cpgatev1.ForceUnlockResponse {
	return &cpgatev1.ForceUnlockResponse{Released: true, Holder: &cpgatev1.Ticket{SessionId: session, Fence: fence}}
}

func initialize(permits int32) *cpgatev1.InitSemaphoreRequest {
	return &cpgatev1.InitSemaphoreRequest{Name: "x", Permits: permits, RequestId: fresh()}
}

// sessionless makes the semaphore one that only counts.
func sessionless(q *cpgatev1.InitSemaphoreRequest) *cpgatev1.InitSemaphoreRequest {
	q.Sessionless = true
	return q
}

var initialized = &cpgatev1.InitSemaphoreResponse{Initialized: true}

func acquire(session string, permits int32) *cpgatev1.AcquireRequest {
	return &cpgatev1.AcquireRequest{
		Name: "x", SessionId: session, Permits: &permits, RequestId: fresh(), Timeout: atOnce,
	}
}

// waiting makes a try one that waits.
func waiting(q *cpgatev1.AcquireRequest) *cpgatev1.AcquireRequest {
	q.Timeout = durationpb.New(time.Second)
	return q
}

var granted = &cpgatev1.AcquireResponse{Outcome: cpgatev1.AcquireResponse_ACQUIRED}

func refused(available int32) *cpgatev1.AcquireResponse {
	return &cpgatev1.AcquireResponse{Outcome: cpgatev1.AcquireResponse_NOT_ACQUIRED, Available: available}
}

func release(session string, permits int32) *cpgatev1.ReleaseRequest {
	return &cpgatev1.ReleaseRequest{Name: "x", SessionId: session, Permits: &permits, RequestId: fresh()}
}

func released(permits int32) *cpgatev1.ReleaseResponse {
	return &cpgatev1.ReleaseResponse{Released: permits}
}

func drain(session string) *cpgatev1.DrainPermitsRequest {
	return &cpgatev1.DrainPermitsRequest{Name: "x", SessionId: session, RequestId: fresh()}
}

func drained(permits int32) *cpgatev1.DrainPermitsResponse {
	return &cpgatev1.DrainPermitsResponse{Drained: permits}
}

func reduce(permits int32) *cpgatev1.ReducePermitsRequest {
	return &cpgatev1.ReducePermitsRequest{Name: "x", Permits: permits, RequestId: fresh()}
}

var look = &cpgatev1.GetSemaphoreRequest{Name: "x"}

func shown(limit, available int32) *cpgatev1.GetSemaphoreResponse {
	return &cpgatev1.GetSemaphoreResponse{Semaphore: &cpgatev1.Semaphore{
		Name: "x", Initialized: true, Permits: limit, Available: available, Sessionless: limit == 0,
	}}
}

func set(count int32) *cpgatev1.TrySetCountRequest {
	return &cpgatev1.TrySetCountRequest{Name: "x", Count: count, RequestId: fresh()}
}

func began(round int64) *cpgatev1.TrySetCountResponse {
	return &cpgatev1.TrySetCountResponse{Set: true, Round: round}
}

func arrive(round int64) *cpgatev1.CountDownRequest {
	return &cpgatev1.CountDownRequest{Name: "x", Round: round, RequestId: fresh()}
}

func remaining(n int32, round int64) *cpgatev1.CountDownResponse {
	return &cpgatev1.CountDownResponse{Remaining: n, Round: round}
}

var await = &cpgatev1.AwaitRequest{Name: "x"}

func completed(round int64) *cpgatev1.AwaitResponse {
	return &cpgatev1.AwaitResponse{Completed: true, Round: round}
}
