package gateway_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// position waits for the next event, which is to be the place of that call.
func (s *stream) position(id uint64) int {
	s.Helper()
	e := s.event()
	if p := e.GetPositionChanged(); p.GetCallId() == id {
		return int(p.GetPosition())
	}
	s.Fatalf("told of %v, and not of the place of call %d", e, id)
	return 0
}

func asking(c *cpgatev1.Call) *cpgatev1.Call {
	c.TellPosition = true
	return c
}

// line lets so many stand in the line of a lock, in the order of their ids from first on, the first of whom holds. Each is its
// own owner.
func (s *stream) line(o operator, name, sid string, first, many uint64) {
	s.Helper()
	for id := range many {
		s.send(call(first+id, lock, &cpgatev1.LockRequest{Name: name, SessionId: sid, Owner: owner(first + id)}))
		o.awaitLine(name, int(id))
	}
	s.answer(first)
}

func owner(id uint64) string { return string(rune('a' + id)) }

// awaitLine waits until so many wait.
func (o operator) awaitLine(name string, waiters int) {
	o.Helper()
	eventually(o.T, "they stand in line", func() bool {
		a, err := o.locks.GetLock(o.Context(), &cpgatev1.GetLockRequest{Name: name})
		return err == nil && a.GetLock().GetFence() != 0 && int(a.GetLock().GetWaiterCount()) == waiters
	})
}

func (s *stream) unlock(id uint64, name, sid, owner string) {
	s.Helper()
	if a := s.ask(id, unlock, &cpgatev1.UnlockRequest{Name: name, SessionId: sid, Owner: owner}); a.GetUnlock() == nil {
		s.Fatal(a)
	}
}

func TestStream_TellsAWaiterItsPositionUntilItHolds(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, other, o := p.stream(conn), p.stream(conn), p.operator(conn)
	sid := other.open(1, 0)
	other.line(o, "orders", sid, 2, 3)
	s.open(1, 0)
	q := &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "asks"}
	s.send(asking(call(7, lock, q)))
	for id, want := range []int{3, 2, 1} {
		if got := s.position(7); got != want {
			t.Errorf("told position %d, want %d", got, want)
		}
		if id == 0 { // who comes behind changes nothing
			s.send(call(8, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "does not"}))
			o.awaitLine("orders", 4)
			time.Sleep(300 * time.Millisecond)
		}
		if s.answers[7] != nil {
			t.Fatal("it holds")
		}
		other.unlock(20, "orders", sid, owner(uint64(id+2)))
	}
	if s.answer(7).GetLock().GetFence() == 0 {
		t.Error("no hold")
	}
	s.unlock(9, "orders", sid, "asks")
	s.answer(8)
	if len(s.events)+len(other.events) > 0 {
		t.Errorf("told also of %v, and who did not ask of %v", s.events, other.events)
	}
}

// With what is admitted together, positions jump.
func TestStream_TellsThePositionOfAnAcquire(t *testing.T) {
	for name, sessionless := range map[string]bool{"pool": false, "counter": true} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			conn := p.dial()
			s, o := p.stream(conn), p.operator(conn)
			sid := s.open(1, 0)
			if sessionless {
				sid = ""
			}
			q := &cpgatev1.InitSemaphoreRequest{Name: name, Sessionless: sessionless}
			if _, err := o.semaphores.InitSemaphore(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			const ahead = 3
			for n := range int32(ahead + 1) {
				c := call(uint64(n+2), acquire, &cpgatev1.AcquireRequest{Name: name, SessionId: sid})
				c.TellPosition = n == ahead
				s.send(c)
				eventually(t, "they stand in line", func() bool {
					a, err := o.semaphores.GetSemaphore(t.Context(), &cpgatev1.GetSemaphoreRequest{Name: name})
					return err == nil && a.GetSemaphore().GetWaiterCount() == n+1
				})
			}
			if got := s.position(ahead + 2); got != ahead+1 {
				t.Errorf("told position %d, want %d", got, ahead+1)
			}
			more := func(n int32) {
				if _, err := o.semaphores.IncreasePermits(t.Context(), &cpgatev1.IncreasePermitsRequest{Name: name, Permits: n}); err != nil {
					t.Fatal(err)
				}
			}
			more(ahead)
			got := s.position(ahead + 2)
			for sessionless && got > 1 { // who is first takes what it came for and leaves, one after the other
				got = s.position(ahead + 2)
			}
			if got != 1 {
				t.Errorf("told position %d, want 1", got)
			}
			more(1)
			if s.answer(ahead+2).GetAcquire().GetOutcome() != cpgatev1.AcquireResponse_ACQUIRED {
				t.Error("not acquired")
			}
			if len(s.events) > 0 {
				t.Errorf("told also of %v", s.events)
			}
		})
	}
}

func TestStream_TellsNoPositionOfACallThatIsOverOrDoesNotWait(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, o := p.stream(conn), p.operator(conn)
	sid := s.open(1, 0)
	s.line(o, "orders", sid, 2, 3)
	s.send(
		asking(call(10, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "leaves"})),
		asking(call(11, beat, &cpgatev1.HeartbeatRequest{SessionId: sid})),
		asking(call(12, lock, &cpgatev1.LockRequest{Name: "free", SessionId: sid})),
		asking(call(13, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: owner(2)})), // which holds it
	)
	for id := range uint64(3) {
		s.answer(11 + id)
	}
	if got := s.position(10); got != 3 {
		t.Errorf("told position %d, want 3", got)
	}
	s.send(asking(call(20, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "stays"})))
	if got := s.position(20); got != 4 {
		t.Errorf("told position %d, want 4", got)
	}
	s.cancel(10)
	if code := codes.Code(s.answer(10).GetError().GetCode()); code != codes.Canceled {
		t.Errorf("the cancelled call ended with %v", code)
	}
	for range 2 {
		s.unlock(30, "orders", sid, owner(2))
	}
	s.unlock(30, "orders", sid, owner(3))
	for at := s.position(20); at > 1; { // the one that left may hold its place for the grace
		at = s.position(20)
	}
	s.unlock(30, "orders", sid, owner(4))
	s.answer(20)
	if len(s.events) > 0 {
		t.Errorf("told also of %v", s.events)
	}
}

// However fast a line moves, a waiter is told of it at most every so often, and never of a place further back.
func TestStream_GathersChangesOfPosition(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, o := p.stream(conn), p.operator(conn)
	sid := s.open(1, 0)
	const ahead = 100
	begun := time.Now()
	held := s.hold(2, "orders", sid)
	for id := range uint64(ahead) {
		s.send(call(10+id, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: owner(id)}))
	}
	o.awaitLine("orders", ahead)
	s.send(asking(call(3, lock, &cpgatev1.LockRequest{Name: "orders", SessionId: sid, Owner: "asks"})))
	last := s.position(3)
	s.ask(4, unlock, &cpgatev1.UnlockRequest{Name: "orders", SessionId: sid, Fence: held})
	for range ahead {
		o.force("orders")
	}
	s.answer(3)
	told := 1
	for _, e := range s.events {
		if e.GetHoldLost() != nil {
			continue
		}
		if now := int(e.GetPositionChanged().GetPosition()); now >= last || now < 1 {
			t.Errorf("told position %d behind %d", now, last)
		} else {
			last = now
		}
		told++
	}
	if most := int(time.Since(begun)/(200*time.Millisecond)) + 1; told > most {
		t.Errorf("told %d times, at most %d", told, most)
	}
}
