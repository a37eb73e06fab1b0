package tests_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// faults has bad requests by the reason with which they must be refused.
type faults map[string][]proto.Message

func (f faults) add(want string, qs ...proto.Message) { f[want] = append(f[want], qs...) }

// badInput has every field of every call, and each rule that it can break.
func badInput() faults {
	f := faults{}
	f.addNames()
	f.addLogins()
	f.addSessions()
	f.addOwnersAndRequests()
	f.addPermits()
	f.addNumbers()
	f.addPages()
	return f
}

func long(n int) string { return strings.Repeat("x", n+1) }

func (f faults) addNames() {
	for _, name := range []string{"", long(512), "@default"} {
		f.add("INVALID_NAME name",
			&cpgatev1.LockRequest{Name: name}, // before what is missing besides
			&cpgatev1.UnlockRequest{Name: name, SessionId: "7"},
			&cpgatev1.CancelLockRequest{Name: name, SessionId: "7", RequestId: "r"},
			&cpgatev1.ForceUnlockRequest{Name: name}, &cpgatev1.GetLockRequest{Name: name},

			&cpgatev1.InitSemaphoreRequest{Name: name}, &cpgatev1.AcquireRequest{Name: name, SessionId: "x"},
			&cpgatev1.CancelAcquireRequest{Name: name}, &cpgatev1.ReleaseRequest{Name: name, TicketId: "t"},
			&cpgatev1.DrainPermitsRequest{Name: name}, &cpgatev1.IncreasePermitsRequest{Name: name},
			&cpgatev1.ReducePermitsRequest{Name: name}, &cpgatev1.GetSemaphoreRequest{Name: name},
			&cpgatev1.DestroySemaphoreRequest{Name: name},

			&cpgatev1.TrySetCountRequest{Name: name}, &cpgatev1.CountDownRequest{Name: name, Round: -1},
			&cpgatev1.AwaitRequest{Name: name}, &cpgatev1.GetLatchRequest{Name: name},
			&cpgatev1.DestroyLatchRequest{Name: name})
	}
	f.add("INVALID_ARGUMENT name", &cpgatev1.OpenSessionRequest{Name: long(128)})
}

func (f faults) addLogins() {
	f.add("INVALID_ARGUMENT user", &cpgatev1.LoginRequest{}, &cpgatev1.LoginRequest{Password: "p"})
	f.add("INVALID_ARGUMENT password", &cpgatev1.LoginRequest{User: "u", Password: long(72)})
}

func (f faults) addSessions() {
	for _, id := range []string{"", "0", "x", "07", "7F", "-7", "ffffffffffffffff", long(16)} {
		f.add("INVALID_ARGUMENT session_id",
			&cpgatev1.HeartbeatRequest{SessionId: id}, &cpgatev1.LockRequest{Name: "a", SessionId: id},
			&cpgatev1.UnlockRequest{Name: "a", SessionId: id},
			&cpgatev1.CancelLockRequest{Name: "a", SessionId: id, RequestId: "r"})
		if id != "" { // which is the list, or no session
			f.add("INVALID_ARGUMENT session_id",
				&cpgatev1.GetSessionRequest{SessionId: id}, &cpgatev1.CloseSessionRequest{SessionId: id},
				&cpgatev1.AcquireRequest{Name: "a", SessionId: id},
				&cpgatev1.ReleaseRequest{Name: "a", SessionId: id, TicketId: "t"},
				&cpgatev1.DrainPermitsRequest{Name: "a", SessionId: id},
				&cpgatev1.CancelAcquireRequest{Name: "a", SessionId: id, RequestId: "r"})
		}
		f.add("INVALID_ARGUMENT session_ids", &cpgatev1.BatchHeartbeatRequest{SessionIds: []string{"7", id}})
	}
	f.add("INVALID_ARGUMENT session_ids", &cpgatev1.BatchHeartbeatRequest{},
		&cpgatev1.BatchHeartbeatRequest{SessionIds: slices.Repeat([]string{"7"}, 1001)})
	for _, ttl := range []int32{-1, 1, 604801} {
		f.add("INVALID_ARGUMENT ttl_seconds", &cpgatev1.OpenSessionRequest{TtlSeconds: ttl})
	}
}

func (f faults) addOwnersAndRequests() {
	f.add("INVALID_ARGUMENT owner",
		&cpgatev1.LockRequest{Name: "a", SessionId: "7", Owner: long(128)},
		&cpgatev1.UnlockRequest{Name: "a", SessionId: "7", Owner: long(128)},
		&cpgatev1.CancelLockRequest{Name: "a", SessionId: "7", Owner: long(128), RequestId: "r"},
		&cpgatev1.AcquireRequest{Name: "a", Owner: long(128)}, &cpgatev1.ReleaseRequest{Name: "a", Owner: long(128)},
		&cpgatev1.DrainPermitsRequest{Name: "a", Owner: long(128)})
	f.add("INVALID_ARGUMENT request_id",
		&cpgatev1.OpenSessionRequest{RequestId: long(64)},
		&cpgatev1.LockRequest{Name: "a", SessionId: "7", RequestId: long(64)},
		&cpgatev1.UnlockRequest{Name: "a", SessionId: "7", RequestId: long(64)},
		&cpgatev1.CancelLockRequest{Name: "a", SessionId: "7", RequestId: long(64)},
		&cpgatev1.CancelLockRequest{Name: "a", SessionId: "7"},
		&cpgatev1.InitSemaphoreRequest{Name: "a", RequestId: long(64)},
		&cpgatev1.AcquireRequest{Name: "a", RequestId: long(64)},
		&cpgatev1.CancelAcquireRequest{Name: "a", RequestId: long(64)}, &cpgatev1.CancelAcquireRequest{Name: "a"},
		&cpgatev1.ReleaseRequest{Name: "a", RequestId: long(64)},
		&cpgatev1.DrainPermitsRequest{Name: "a", RequestId: long(64)},
		&cpgatev1.IncreasePermitsRequest{Name: "a", RequestId: long(64)},
		&cpgatev1.ReducePermitsRequest{Name: "a", RequestId: long(64)},
		&cpgatev1.TrySetCountRequest{Name: "a", Count: 1, RequestId: long(64)},
		&cpgatev1.CountDownRequest{Name: "a", RequestId: long(64)})
	f.add("INVALID_ARGUMENT attempt", &cpgatev1.LockRequest{Name: "a", SessionId: "7", Attempt: -1},
		&cpgatev1.AcquireRequest{Name: "a", Attempt: -1}, &cpgatev1.ReleaseRequest{Name: "a", Attempt: -1},
		&cpgatev1.DrainPermitsRequest{Name: "a", Attempt: math.MinInt32},
		&cpgatev1.IncreasePermitsRequest{Name: "a", Attempt: -1}, &cpgatev1.ReducePermitsRequest{Name: "a", Attempt: -1},
		&cpgatev1.TrySetCountRequest{Name: "a", Count: 1, Attempt: -1})
	f.add("INVALID_ARGUMENT ticket_id", &cpgatev1.ReleaseRequest{Name: "a", SessionId: "7", TicketId: long(64)},
		&cpgatev1.ReleaseRequest{Name: "a", TicketId: "t"})
}

func (f faults) addPermits() {
	for _, n := range []int32{0, -1, math.MinInt32} {
		f.add("INVALID_ARGUMENT permits", &cpgatev1.AcquireRequest{Name: "a", SessionId: "7", Permits: &n},
			&cpgatev1.ReleaseRequest{Name: "a", Permits: &n},
			&cpgatev1.ReleaseRequest{Name: "a", SessionId: "7", TicketId: "t", Permits: &n})
	}
	for _, n := range []int32{-1, math.MinInt32} {
		f.add("INVALID_ARGUMENT permits", &cpgatev1.InitSemaphoreRequest{Name: "a", Permits: n},
			&cpgatev1.IncreasePermitsRequest{Name: "a", Permits: n}, &cpgatev1.ReducePermitsRequest{Name: "a", Permits: n})
	}
	f.add("INVALID_ARGUMENT permits",
		&cpgatev1.ReleaseRequest{Name: "a", SessionId: "7", TicketId: "t", Permits: some(1)})
}

func (f faults) addNumbers() {
	f.add("INVALID_ARGUMENT timeout",
		&cpgatev1.LockRequest{Name: "a", SessionId: "7", Timeout: durationpb.New(-time.Nanosecond)},
		&cpgatev1.AcquireRequest{Name: "a", Timeout: durationpb.New(-time.Nanosecond)},
		&cpgatev1.AwaitRequest{Name: "a", Timeout: durationpb.New(-time.Hour)})
	f.add("INVALID_ARGUMENT fence", &cpgatev1.UnlockRequest{Name: "a", SessionId: "7", Fence: -1},
		&cpgatev1.ForceUnlockRequest{Name: "a", Fence: -1})
	for _, n := range []int32{0, -1, math.MinInt32, 100_001, math.MaxInt32} {
		f.add("INVALID_ARGUMENT count", &cpgatev1.TrySetCountRequest{Name: "a", Count: n})
	}
	for _, n := range []int64{-1, math.MinInt64} {
		f.add("INVALID_ARGUMENT round", &cpgatev1.CountDownRequest{Name: "a", Round: n})
	}
}

func (f faults) addPages() {
	for _, n := range []int32{-1, 1001} {
		f.add("INVALID_ARGUMENT page_size",
			&cpgatev1.ListSessionsRequest{PageSize: n}, &cpgatev1.ListLocksRequest{PageSize: n},
			&cpgatev1.ListSemaphoresRequest{PageSize: n}, &cpgatev1.ListLatchesRequest{PageSize: n})
	}
	f.add("INVALID_ARGUMENT page_token",
		&cpgatev1.ListSessionsRequest{PageToken: "x"}, &cpgatev1.ListLocksRequest{PageToken: "?"},
		&cpgatev1.ListSemaphoresRequest{PageToken: "bG9jazph"},     // "lock:a"
		&cpgatev1.ListLatchesRequest{PageToken: "c2VtYXBob3JlOmE"}) // "semaphore:a"
}

func TestRoutes_NameTheBadField(t *testing.T) {
	node := startNode(t)
	for name, call := range routes(t, node.Addr()) {
		t.Run(name, func(t *testing.T) {
			for want, qs := range badInput() {
				for _, q := range qs {
					if _, err := call(t.Context(), methodOf(q), q); reason(err) != want {
						t.Errorf("%T {%.100v}: %s, want %s", q, q, reason(err), want)
					}
				}
			}
			opened(t, call) // the node goes on
		})
	}
}

// Whoever adds a field says above what may not be in it.
func TestRoutes_EveryFieldOfEveryCallHasARule(t *testing.T) {
	bad := map[string]bool{"InitSemaphoreRequest.sessionless": true} // of which every value is good
	for want, qs := range badInput() {
		_, field, _ := strings.Cut(want, " ")
		for _, q := range qs {
			bad[string(q.ProtoReflect().Descriptor().Name())+"."+field] = true
		}
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("cpgate.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Messages().Len() {
			m := f.Messages().Get(i)
			for j := range m.Fields().Len() {
				field := string(m.Name()) + "." + string(m.Fields().Get(j).Name())
				if strings.HasSuffix(string(m.Name()), "Request") && !bad[field] {
					t.Errorf("nothing bad is in %s", field)
				}
			}
		}
		return true
	})
}

// methodOf finds the method that takes q.
func methodOf(q proto.Message) string {
	verb := strings.TrimSuffix(string(q.ProtoReflect().Descriptor().Name()), "Request")
	for method := range places {
		if strings.HasSuffix(method, "/"+verb) {
			return method
		}
	}
	return ""
}
