package tests_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// two users may do the same.
var two = map[string][]permission{
	"alice": onEach(permission{kind: canBoth, prefix: true}, ""),
	"bob":   onEach(permission{kind: canBoth, prefix: true}, ""),
}

// A session serves the user who opened it, and root.
func TestAccess_ASessionServesItsUserAndRoot(t *testing.T) {
	t.Parallel()
	r := newRealm(t, two)
	for route, call := range routes(t, r.addr) {
		t.Run(route, func(t *testing.T) {
			alice, bob, root := r.as(call, r.login("alice")).on(t), r.as(call, r.login("bob")).on(t), r.as(call, r.login("root")).on(t)
			id, other := alice.session(30), bob.session(30)
			calls := func() []proto.Message {
				return []proto.Message{
					&cpgatev1.GetSessionRequest{SessionId: id}, &cpgatev1.HeartbeatRequest{SessionId: id},
					&cpgatev1.BatchHeartbeatRequest{SessionIds: []string{other, id}},
					&cpgatev1.LockRequest{Name: "orders", SessionId: id}, &cpgatev1.UnlockRequest{Name: "orders", SessionId: id},
					&cpgatev1.CancelLockRequest{Name: "orders", SessionId: id, RequestId: "r"},
					&cpgatev1.AcquireRequest{Name: "orders", SessionId: id, Timeout: durationpb.New(0)},
					&cpgatev1.CancelAcquireRequest{Name: "orders", SessionId: id, RequestId: "r"},
					&cpgatev1.ReleaseRequest{Name: "orders", SessionId: id, TicketId: "t"},
					&cpgatev1.DrainPermitsRequest{Name: "orders", SessionId: id}, &cpgatev1.CloseSessionRequest{SessionId: id},
				}
			}
			for _, q := range calls() {
				bob.refuses(bob.ask(bob.soon(), q), cpgatev1.ErrorReason_PERMISSION_DENIED)
			}
			for _, q := range calls() {
				if got := reason(root.ask(root.soon(), q)); got == "PERMISSION_DENIED" {
					t.Errorf("root: %s: %s", methodOf(q), got)
				}
			}
			alice.refuses(alice.ask(alice.soon(), &cpgatev1.HeartbeatRequest{SessionId: id}), cpgatev1.ErrorReason_SESSION_EXPIRED)
		})
	}
}

// Opening with the same request id finds the own session, and never another user's.
func TestAccess_RequestIDsAreEachUsersOwn(t *testing.T) {
	t.Parallel()
	r := newRealm(t, two)
	call := routes(t, r.addr)["gRPC"]
	open := func(user string) string {
		as := r.as(call, r.login(user))
		return must(as.OpenSession(r.soon(), &cpgatev1.OpenSessionRequest{RequestId: "same"}))(t).GetSessionId()
	}
	alice, again, bob := open("alice"), open("alice"), open("bob")
	if alice != again || alice == bob {
		t.Errorf("alice has %s, then %s; bob %s", alice, again, bob)
	}
}

// Whoever may look at a lock or semaphore sees who holds and waits, but no session id of another user's: not in answers,
// not in keys, not in lists.
func TestAccess_SessionIDsAreShownToNobodyElse(t *testing.T) {
	t.Parallel()
	r := newRealm(t, two)
	for route, call := range routes(t, r.addr) {
		t.Run(route, func(t *testing.T) {
			alice, bob, root := r.as(call, r.login("alice")).on(t), r.as(call, r.login("bob")).on(t), r.as(call, r.login("root")).on(t)
			id, other := alice.session(30), bob.session(30)
			name := "orders " + route
			alice.hold(&cpgatev1.LockRequest{Name: name, SessionId: id})
			_ = must(root.InitSemaphore(root.soon(), &cpgatev1.InitSemaphoreRequest{Name: name, Permits: 1}))(t)
			_ = must(alice.Acquire(alice.soon(), &cpgatev1.AcquireRequest{Name: name, SessionId: id}))(t)
			waits := bob.lock(&cpgatev1.LockRequest{Name: name, SessionId: other, Owner: "waits"})
			root.awaitLine(name, 2)

			looks := []proto.Message{
				&cpgatev1.GetLockRequest{Name: name}, &cpgatev1.GetSemaphoreRequest{Name: name},
				&cpgatev1.LockRequest{Name: name, SessionId: other, Timeout: durationpb.New(0)}, &cpgatev1.ListSessionsRequest{},
			}
			for _, q := range looks {
				a := answerOf(methodOf(q))
				if err := bob.conn.Invoke(bob.soon(), methodOf(q), q, a); err != nil || strings.Contains(prototext.Format(a), id) {
					t.Errorf("%s tells bob of %s: %v, %v", methodOf(q), id, a, err)
				}
			}
			if line := bob.line(name); line[0].GetSessionId() != "" || line[0].GetKey() != "" || line[1].GetSessionId() != other {
				t.Errorf("bob sees %v", line)
			}
			if line := alice.line(name); line[0].GetSessionId() != id || line[1].GetSessionId() != "" {
				t.Errorf("alice sees %v", line)
			}
			if line := root.line(name); line[0].GetSessionId() != id || line[1].GetSessionId() != other || line[0].GetKey() == "" {
				t.Errorf("root sees %v", line)
			}
			alice.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: id})
			if a, err := waits.end(t); err != nil || a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED {
				t.Errorf("bob was told %v, %v", a, err)
			}
			alice.sessionsAre(id)
			bob.sessionsAre(other)
			root.sessionsAre(id, other)
			_ = must(alice.CloseSession(alice.soon(), &cpgatev1.CloseSessionRequest{SessionId: id}))(t)
			_ = must(bob.CloseSession(bob.soon(), &cpgatev1.CloseSessionRequest{SessionId: other}))(t)
		})
	}
}

// A denial is the same whether there is something or not.
func TestAccess_ADenialTellsNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t, map[string][]permission{"alice": two["alice"], "idler": nil})
	for route, call := range routes(t, r.addr) {
		t.Run(route, func(t *testing.T) {
			alice, root := r.as(call, r.login("alice")).on(t), r.as(call, r.login("root")).on(t)
			alice.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: alice.session(30), RequestId: "there " + route})
			_ = must(root.TrySetCount(root.soon(), &cpgatev1.TrySetCountRequest{Name: "orders", Count: 1}))(t)
			_ = must(root.InitSemaphore(root.soon(), &cpgatev1.InitSemaphoreRequest{Name: "orders", Permits: 1}))(t)
			idler := r.as(call, r.login("idler")).on(t)
			id := idler.session(30)
			for group, l := range law {
				if strings.Contains(group, "session") {
					continue
				}
				there, absent := l.calls("orders", id), l.calls("nothing", id)
				for n := range there {
					a, b := idler.ask(idler.soon(), there[n]), idler.ask(idler.soon(), absent[n])
					if a == nil || b == nil || a.Error() != b.Error() {
						t.Errorf("%s: %v, and of nothing: %v", methodOf(there[n]), a, b)
					}
				}
			}
			_ = must(root.ForceUnlock(root.soon(), &cpgatev1.ForceUnlockRequest{Name: "orders"}))(t)
		})
	}
}

// sessionsAre checks which sessions the user is shown.
func (r *rig) sessionsAre(want ...string) {
	r.Helper()
	var got []string
	for _, s := range must(r.ListSessions(r.soon(), &cpgatev1.ListSessionsRequest{}))(r.T).GetSessions() {
		got = append(got, s.GetSessionId())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.Errorf("the sessions shown are %q, want %q", got, want)
	}
}
