package tests_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

var kindsOfKeys = []string{"cp/lock/", "cp/semaphore/", "cp/latch/"}

// onEach is a permission to "orders" of each kind, followed by that.
func onEach(kind permission, rest string) (all []permission) {
	for _, k := range kindsOfKeys {
		all = append(all, permission{kind.kind, k + "orders" + rest, kind.prefix})
	}
	return all
}

// citizens are users by what they may.
var citizens = map[string][]permission{
	"writer": onEach(permission{kind: canBoth, prefix: true}, "/"),
	"reader": onEach(permission{kind: canRead, prefix: true}, "/"),
	"keeper": onEach(permission{kind: canWrite}, ""),                   // of the records
	"loose":  onEach(permission{kind: canBoth, prefix: true}, ""),      // what the missing slash gives
	"lister": {{kind: canRead, key: "cp/", prefix: true}},              // all there is
	"part":   {{kind: canBoth, key: "cp/lock/orders/a", prefix: true}}, // of a line: not enough
	"idler":  nil,
}

var everybody = append(slices.Sorted(maps.Keys(citizens)), "root") // who comes last, since it destroys

// lawful says who may make a call about "orders", and about "orders2". Nobody may without saying who it is.
type lawful struct {
	calls           func(name, session string) []proto.Message
	orders, orders2 []string
}

// law has every call there is but Login.
var law = map[string]lawful{
	"sessions are for every user": {
		func(_, id string) []proto.Message {
			return []proto.Message{
				&cpgatev1.OpenSessionRequest{}, &cpgatev1.ListSessionsRequest{}, &cpgatev1.GetSessionRequest{SessionId: id},
				&cpgatev1.HeartbeatRequest{SessionId: id}, &cpgatev1.BatchHeartbeatRequest{SessionIds: []string{id}},
			}
		},
		everybody, everybody,
	},
	"write on the line": {
		func(name, id string) []proto.Message {
			return []proto.Message{
				&cpgatev1.LockRequest{Name: name, SessionId: id, Timeout: durationpb.New(0)},
				&cpgatev1.CancelLockRequest{Name: name, SessionId: id, RequestId: "r"},
				&cpgatev1.UnlockRequest{Name: name, SessionId: id},
				&cpgatev1.AcquireRequest{Name: name, SessionId: id, Timeout: durationpb.New(0)},
				&cpgatev1.CancelAcquireRequest{Name: name, SessionId: id, RequestId: "r"},
				&cpgatev1.ReleaseRequest{Name: name, SessionId: id, TicketId: "t"},
				&cpgatev1.CountDownRequest{Name: name},
			}
		},
		[]string{"writer", "loose", "root"},
		[]string{"loose", "root"},
	},
	"read on the line": {
		func(name, _ string) []proto.Message {
			return []proto.Message{
				&cpgatev1.GetLockRequest{Name: name}, &cpgatev1.GetSemaphoreRequest{Name: name}, &cpgatev1.GetLatchRequest{Name: name},
				&cpgatev1.AwaitRequest{Name: name, Timeout: durationpb.New(0)},
			}
		},
		[]string{"writer", "reader", "loose", "lister", "root"},
		[]string{"loose", "lister", "root"},
	},
	"write on the record": {
		func(name, id string) []proto.Message {
			return []proto.Message{
				&cpgatev1.InitSemaphoreRequest{Name: name, Permits: 3}, &cpgatev1.IncreasePermitsRequest{Name: name, Permits: 1},
				&cpgatev1.ReducePermitsRequest{Name: name, Permits: 1}, &cpgatev1.DrainPermitsRequest{Name: name, SessionId: id},
				&cpgatev1.TrySetCountRequest{Name: name, Count: 3},
			}
		},
		[]string{"keeper", "loose", "root"},
		[]string{"loose", "root"},
	},
	"read on all": {
		func(string, string) []proto.Message {
			return []proto.Message{&cpgatev1.ListLocksRequest{}, &cpgatev1.ListSemaphoresRequest{}, &cpgatev1.ListLatchesRequest{}}
		},
		[]string{"lister", "root"},
		[]string{"lister", "root"},
	},
	"root": {
		func(name, _ string) []proto.Message {
			return []proto.Message{
				&cpgatev1.ForceUnlockRequest{Name: name}, &cpgatev1.DestroySemaphoreRequest{Name: name}, &cpgatev1.DestroyLatchRequest{Name: name},
			}
		},
		[]string{"root"},
		[]string{"root"},
	},
	"closing is the last call of a session": {
		func(_, id string) []proto.Message {
			return []proto.Message{&cpgatev1.CloseSessionRequest{SessionId: id}}
		},
		everybody, nil,
	},
}

// Who may make which call about which name: the same over every route.
func TestAccess_EachCallTakesItsRight(t *testing.T) {
	t.Parallel()
	r := newRealm(t, citizens)
	everyCallHasALaw(t)
	for route, call := range routes(t, r.addr) {
		for _, user := range everybody {
			t.Run(route+"/"+user, func(t *testing.T) {
				as := r.as(call, r.login(user)).on(t)
				for _, group := range slices.Sorted(maps.Keys(law)) {
					if group != "closing is the last call of a session" {
						as.obeys(user, law[group], as.session(30))
					}
				}
				as.obeys(user, law["closing is the last call of a session"], as.session(30))
			})
		}
		t.Run(route+"/nobody", func(t *testing.T) {
			as := r.as(call, "").on(t)
			for _, l := range law {
				for _, q := range l.calls("orders", "7") {
					as.refuses(as.ask(as.soon(), q), cpgatev1.ErrorReason_UNAUTHENTICATED)
				}
			}
		})
	}
}

// obeys makes the calls of a group as the user, and checks which of them are let through.
func (r *rig) obeys(user string, l lawful, session string) {
	r.Helper()
	for name, allowed := range map[string][]string{"orders": l.orders, "orders2": l.orders2} {
		if allowed == nil {
			continue
		}
		for _, q := range l.calls(name, session) {
			got := reason(r.ask(r.soon(), q))
			if denied := got == "PERMISSION_DENIED"; denied == slices.Contains(allowed, user) || strings.Contains(got, "without a reason") {
				r.Errorf("%s: %s %v: %s", user, methodOf(q), q, got)
			}
		}
	}
}

func everyCallHasALaw(t *testing.T) {
	t.Helper()
	missing := maps.Clone(places)
	delete(missing, cpgatev1.AuthService_Login_FullMethodName)
	for _, l := range law {
		for _, q := range l.calls("a", "7") {
			delete(missing, methodOf(q))
		}
	}
	for method := range missing {
		t.Errorf("nothing says who may call %s", method)
	}
}
