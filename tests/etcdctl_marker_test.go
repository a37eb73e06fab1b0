package tests_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/cpgate/cpgate"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// A marker that is not on its session's own lease proves nothing: the session is over, with all it held (X1).
func TestEtcdctl_AMarkerWrittenOverWithoutItsLeaseEndsTheSession(t *testing.T) {
	t.Parallel()
	r := started(t)
	lease := r.session(0) // of another session
	for name, put := range map[string][]string{
		"no lease":      {"put"},
		"another lease": {"put", "--lease", lease},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := r.on(t)
			r.endSession(name, func(id string) { r.etcdctl(append(put, "cp/session/"+id, `{"ttl_seconds":300}`)...) })
		})
	}
}

// Revoking its lease is the operator's way to end a session.
func TestEtcdctl_ALeaseRevokedEndsTheSession(t *testing.T) {
	t.Parallel()
	r := started(t)
	r.endSession("orders", func(id string) { r.etcdctl("lease", "revoke", id) })
}

// Without its marker a session is over for everybody who asks, but what it holds hangs on its lease and goes only
// with that.
func TestEtcdctl_AMarkerRemovedEndsTheSessionAndItsLeaseTheHolds(t *testing.T) {
	t.Parallel()
	r := started(t)
	r.endSession("orders", func(id string) {
		r.etcdctl("del", "cp/session/"+id)
		_, err := r.Unlock(r.soon(), &cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
		r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
		if h := r.look("orders").GetHolder(); h.GetSessionId() != id {
			t.Errorf("held by %v", h)
		}
		r.etcdctl("lease", "revoke", id)
	})
}

// endSession ends a session that holds one lock and waits for another: its wait is told, everything else of it is
// refused, and what it held is the next one's.
func (r *rig) endSession(name string, end func(id string)) {
	r.Helper()
	id, other := r.session(0), r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: name, SessionId: id})
	r.hold(&cpgatev1.LockRequest{Name: name + "2", SessionId: other})
	next := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: other})
	wait := r.lock(&cpgatev1.LockRequest{Name: name + "2", SessionId: id})
	line := r.awaitLine(name, 2)
	r.awaitLine(name+"2", 2)
	end(id)
	_, err := wait.end(r.T)
	r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
	r.holds(next, line[1])
	r.awaitLine(name+"2", 1)
	_, err = r.Heartbeat(r.soon(), &cpgatev1.HeartbeatRequest{SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
	_, err = r.Lock(r.soon(), &cpgatev1.LockRequest{Name: name, SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
	r.await("the marker's end", func() bool { return len(r.keys("cp/session/"+id)) == 0 })
}

// Written over on its lease, a marker still is one: what it said of the session is all that is lost.
func TestEtcdctl_AMarkerThatCantBeReadStillMarksItsSession(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(60)
	r.etcdctl("put", "--ignore-lease", "cp/session/"+id, "{broken")
	s := must(r.GetSession(r.soon(), &cpgatev1.GetSessionRequest{SessionId: id}))(t)
	if s.GetSession().GetSessionId() != id || s.GetSession().GetCreated() != nil {
		t.Errorf("shown as %v", s)
	}
	b := must(r.Heartbeat(r.soon(), &cpgatev1.HeartbeatRequest{SessionId: id}))(t)
	if b.GetTtlSeconds() != 60 {
		t.Errorf("heartbeat got %v", b)
	}
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	must(r.CloseSession(r.soon(), &cpgatev1.CloseSessionRequest{SessionId: id}))(t)
	r.awaitLine("orders", 0)
}

// A marker that nobody opened is no session, and goes when somebody asks for it.
func TestEtcdctl_AMarkerOutOfNowhereOpensNoSession(t *testing.T) {
	t.Parallel()
	r := started(t)
	r.etcdctl("put", "cp/session/7b", "{}")
	_, err := r.Lock(r.soon(), &cpgatev1.LockRequest{Name: "orders", SessionId: "7b"})
	r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
	r.await("the marker's end", func() bool { return len(r.keys("cp/session/7b")) == 0 })
}

// A gateway that lives is not taken for dead because its marker was removed or written over: it puts it back, and
// those who wait through it keep their places.
func TestEtcdctl_AGatewaysMarkerTamperedWithIsPutBack(t *testing.T) {
	t.Parallel()
	r := started(t, func(c *cpgate.Config) { c.RetryGrace = grace })
	id := r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	wait := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: id, Owner: "w"})
	line := r.awaitLine("orders", 2)
	marker := r.marker()
	key := string(marker.Key)
	for _, tamper := range [][]string{{"del", key}, {"put", key, ""}} {
		r.etcdctl(tamper...)
		r.await("the gateway's marker", func() bool {
			now := r.marker()
			return now != nil && now.Lease != 0 && bytes.Equal(now.Value, marker.Value)
		})
	}
	time.Sleep(grace + grace/2) // in which the tickets of a dead gateway would go
	if wait.answered() || len(r.line("orders")) != 2 {
		t.Fatalf("in line are %v", r.line("orders"))
	}
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
	r.holds(wait, line[1])
}

// marker is that of the rig's own gateway; nil when there is none.
func (r *rig) marker() *mvccpb.KeyValue {
	r.Helper()
	for _, m := range r.keys("cp/gateway/") {
		if strings.Contains(string(m.Value), strconv.Quote(r.addr)) {
			return m
		}
	}
	return nil
}
