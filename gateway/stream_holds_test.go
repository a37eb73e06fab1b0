package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const (
	acquire = cpgatev1.SemaphoreService_Acquire_FullMethodName
	release = cpgatev1.SemaphoreService_Release_FullMethodName
)

// operator does what others do who are no part of a stream.
type operator struct {
	*port
	locks      cpgatev1.FencedLockServiceClient
	semaphores cpgatev1.SemaphoreServiceClient
}

func (p *port) operator(conn *grpc.ClientConn) operator {
	return operator{p, cpgatev1.NewFencedLockServiceClient(conn), cpgatev1.NewSemaphoreServiceClient(conn)}
}

func (o operator) force(name string) {
	o.Helper()
	a, err := o.locks.ForceUnlock(o.Context(), &cpgatev1.ForceUnlockRequest{Name: name})
	if err != nil || !a.GetReleased() {
		o.Fatalf("forcing %q: %v, %v", name, a, err)
	}
}

func (o operator) initialize(name string, permits int32) {
	o.Helper()
	if _, err := o.semaphores.InitSemaphore(o.Context(), &cpgatev1.InitSemaphoreRequest{Name: name, Permits: permits}); err != nil {
		o.Fatal(err)
	}
}

func (o operator) destroy(name string) {
	o.Helper()
	a, err := o.semaphores.DestroySemaphore(o.Context(), &cpgatev1.DestroySemaphoreRequest{Name: name})
	if err != nil || !a.GetDestroyed() {
		o.Fatalf("destroying %q: %v, %v", name, a, err)
	}
}

// done does it over REST.
func (o operator) done(path, body string) {
	o.Helper()
	if a := o.post(path, body); a.code != http.StatusOK {
		o.Fatalf("%s: %d %s", path, a.code, a.body)
	}
}

// lost waits for the next event, which is to be the loss of a hold.
func (s *stream) lost() *cpgatev1.HoldLost {
	s.Helper()
	e := s.event()
	if e.GetHoldLost() == nil {
		s.Fatalf("told of %v, and not of a hold lost", e)
	}
	return e.GetHoldLost()
}

// permits acquires some, and returns their ticket.
func (s *stream) permits(id uint64, name, sid string) string {
	s.Helper()
	a := s.ask(id, acquire, &cpgatev1.AcquireRequest{Name: name, SessionId: sid})
	if a.GetAcquire().GetTicketId() == "" {
		s.Fatalf("acquiring %q: %v", name, a)
	}
	return a.GetAcquire().GetTicketId()
}

func TestStream_TellsThatALockWasForced(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, other, o := p.stream(conn), p.stream(conn), p.operator(conn)
	sid := s.open(1, 0)
	other.open(1, 0)
	s.ask(2, lock, &cpgatev1.LockRequest{Name: "or/ders", SessionId: sid, Owner: "w/1"})
	again := s.ask(3, lock, &cpgatev1.LockRequest{Name: "or/ders", SessionId: sid, Owner: "w/1"}).GetLock()
	o.force("or/ders")
	l := s.lost()
	if l.GetReason() != cpgatev1.HoldLost_FORCED || l.GetName() != "or/ders" || l.GetSessionId() != sid || l.GetOwner() != "w/1" ||
		l.GetFence() != again.GetFence() || l.GetTicketId() != "" {
		t.Errorf("told of %v, and fence %d was lost", l, again.GetFence())
	}
	s.open(4, 0) // one answer more
	other.open(4, 0)
	if len(s.events)+len(other.events) != 0 {
		t.Errorf("told also of %v, and the other stream of %v", s.events, other.events)
	}
}

func TestStream_TellsThatASemaphoreWasDestroyed(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, o := p.stream(conn), p.operator(conn)
	sid := s.open(1, 0)
	o.initialize("pool", 2)
	want := []string{s.permits(2, "pool", sid), s.permits(3, "pool", sid)}
	s.send(call(4, acquire, &cpgatev1.AcquireRequest{Name: "pool", SessionId: sid})) // waits
	eventually(t, "it waits", func() bool {
		a, err := o.semaphores.GetSemaphore(t.Context(), &cpgatev1.GetSemaphoreRequest{Name: "pool"})
		return err == nil && a.GetSemaphore().GetWaiterCount() == 1
	})
	o.destroy("pool")
	var told []string
	for range want {
		l := s.lost()
		if l.GetReason() != cpgatev1.HoldLost_DESTROYED || l.GetName() != "pool" || l.GetSessionId() != sid || l.GetFence() != 0 {
			t.Errorf("told of %v", l)
		}
		told = append(told, l.GetTicketId())
	}
	slices.Sort(told)
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("told of the tickets %q, want %q", told, want)
	}
	if s.answer(4).GetError() == nil {
		t.Error("the wait goes on")
	}
	if s.open(5, 0); len(s.events) > 0 {
		t.Errorf("told also of %v", s.events)
	}
}

// Whatever else ends a hold is no loss of it: it was given back by some way, or by its session's end.
func TestStream_TellsOfNoHoldThatWasGivenBack(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, o := p.stream(conn), p.operator(conn)
	sid, ends := s.open(1, 0), s.open(2, 0)
	o.initialize("pool", 3)
	for id, name := range []string{"unlocked", "by-rest", "cancelled", "deleted", "forced"} {
		s.ask(uint64(10+id), lock, &cpgatev1.LockRequest{Name: name, SessionId: sid, RequestId: name})
	}
	s.hold(20, "ended", ends)
	mine, byREST := s.permits(21, "pool", sid), s.permits(22, "pool", sid)

	s.ask(30, unlock, &cpgatev1.UnlockRequest{Name: "unlocked", SessionId: sid})
	o.done("/v1/locks/by-rest:unlock", `{"sessionId":"`+sid+`"}`)
	o.done("/v1/locks/cancelled:cancel", `{"sessionId":"`+sid+`","requestId":"cancelled"}`)
	if _, err := p.etcd().Delete(t.Context(), "cp/lock/deleted/"+sid); err != nil {
		t.Fatal(err)
	}
	s.ask(31, release, &cpgatev1.ReleaseRequest{Name: "pool", SessionId: sid, TicketId: mine})
	o.done("/v1/semaphores/pool:release", `{"sessionId":"`+sid+`","ticketId":"`+byREST+`"}`)
	o.destroy("pool")
	if a := o.send(http.DefaultClient, http.MethodDelete, "/v1/sessions/"+ends, nil); a.code != http.StatusOK {
		t.Fatal(a.body)
	}
	if got := s.event().GetSessionEnded().GetSessionId(); got != ends {
		t.Errorf("told of the end of %q, want that of %q alone", got, ends)
	}
	o.force("forced")
	if l := s.lost(); l.GetName() != "forced" {
		t.Errorf("told of %v", l)
	}
	if len(s.events) > 0 {
		t.Errorf("told also of %v", s.events)
	}
}

// A client that goes on over another stream learns there what was forced meanwhile, and nothing that is not so.
func TestStream_TellsTheNextStreamWhatItsSessionLostMeanwhile(t *testing.T) {
	p := open(t)
	conn := p.dial()
	first, next, o := p.stream(conn), p.stream(conn), p.operator(conn)
	sid := first.open(1, 0)
	kept, lost := first.hold(2, "kept", sid), first.hold(3, "lost", sid)
	if err := first.wire.CloseSend(); err != nil {
		t.Fatal(err)
	}
	o.force("lost")
	next.ask(1, beat, &cpgatev1.HeartbeatRequest{SessionId: sid})
	if l := next.lost(); l.GetName() != "lost" || l.GetFence() != lost {
		t.Errorf("told of %v, and fence %d was lost", l, lost)
	}
	if a := next.ask(2, unlock, &cpgatev1.UnlockRequest{Name: "kept", SessionId: sid, Fence: kept}).GetUnlock(); a == nil || a.GetAlreadyReleased() {
		t.Errorf("unlocking what is still held: %v", a)
	}
	next.hold(3, "kept", sid)
	o.force("kept")
	if l := next.lost(); l.GetName() != "kept" || l.GetFence() <= kept {
		t.Errorf("told of %v, and not of the hold behind fence %d", l, kept)
	}
	if len(next.events) > 0 {
		t.Errorf("told also of %v", next.events)
	}
}

// However much is lost at once, frames stay small.
func TestStream_TellsOfManyHoldsInFramesThatAreNotTooLarge(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, o := p.stream(conn), p.operator(conn)
	sid, name := s.open(1, 0), strings.Repeat("n", 512)
	const many = 300
	o.initialize(name, many)
	var calls []*cpgatev1.Call
	for id := range uint64(many) {
		calls = append(calls, call(id+2, acquire, &cpgatev1.AcquireRequest{Name: name, SessionId: sid}))
	}
	s.send(calls...)
	for id := range uint64(many) {
		if a := s.answer(id + 2); a.GetAcquire().GetTicketId() == "" {
			t.Fatal(a)
		}
	}
	o.destroy(name)
	for range many {
		s.lost()
	}
}
