package gateway_test

import (
	"slices"
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func TestStream_TellsThatASessionEnded(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s, other := p.stream(conn), p.stream(conn)
	sessions := cpgatev1.NewSessionServiceClient(conn)
	opened, used, looked := s.open(1, 0), p.session(conn), p.session(conn)
	s.ask(2, beat, &cpgatev1.HeartbeatRequest{SessionId: used})
	s.ask(3, cpgatev1.SessionService_GetSession_FullMethodName, &cpgatev1.GetSessionRequest{SessionId: looked})
	own := s.open(4, 0)
	s.ask(5, close1, &cpgatev1.CloseSessionRequest{SessionId: own})
	for _, id := range []string{looked, opened, used} {
		if _, err := sessions.CloseSession(t.Context(), &cpgatev1.CloseSessionRequest{SessionId: id}); err != nil {
			t.Fatal(err)
		}
	}
	told := []string{s.event().GetSessionEnded().GetSessionId(), s.event().GetSessionEnded().GetSessionId()}
	slices.Sort(told)
	want := []string{opened, used}
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
	other.open(1, 0)
	s.open(6, 0) // one answer more
	if len(s.events)+len(other.events) != 0 {
		t.Errorf("told also of %v, and the other stream of %v", s.events, other.events)
	}
}

// Calls keep their session alive, without a heartbeat.
func TestStream_CallsAreHeartbeats(t *testing.T) {
	p := open(t)
	s := p.stream(p.dial())
	sid := s.open(1, 2)
	for id, end := uint64(2), time.Now().Add(5*time.Second); time.Now().Before(end); id += 2 {
		s.hold(id, "orders", sid)
		s.ask(id+1, unlock, &cpgatev1.UnlockRequest{Name: "orders", SessionId: sid})
		time.Sleep(50 * time.Millisecond)
	}
	if len(s.events) > 0 {
		t.Error(s.events)
	}
}

// To be looked at keeps nobody alive.
func TestStream_LooksAreNoHeartbeats(t *testing.T) {
	p := open(t)
	conn := p.dial()
	s := p.stream(conn)
	sid, err := cpgatev1.NewSessionServiceClient(conn).OpenSession(t.Context(), &cpgatev1.OpenSessionRequest{TtlSeconds: 2})
	if err != nil {
		t.Fatal(err)
	}
	id := uint64(1)
	eventually(t, "the session expires", func() bool {
		id++
		q := &cpgatev1.GetSessionRequest{SessionId: sid.GetSessionId()}
		return s.ask(id, cpgatev1.SessionService_GetSession_FullMethodName, q).GetError() != nil
	})
}
