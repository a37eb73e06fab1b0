package tests_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// badInput has every field of every call, and each rule that it can break.
func badInput() map[string][]proto.Message {
	bad := map[string][]proto.Message{}
	add := func(want string, qs ...proto.Message) { bad[want] = append(bad[want], qs...) }
	long := func(n int) string { return strings.Repeat("x", n+1) }
	for _, name := range []string{"", long(512), "@default"} {
		add("INVALID_NAME name",
			&cpgatev1.LockRequest{Name: name}, // before what is missing besides
			&cpgatev1.UnlockRequest{Name: name, SessionId: "7"},
			&cpgatev1.CancelLockRequest{Name: name, SessionId: "7", RequestId: "r"},
			&cpgatev1.ForceUnlockRequest{Name: name}, &cpgatev1.GetLockRequest{Name: name})
	}
	for _, id := range []string{"", "0", "x", "07", "7F", "-7", "ffffffffffffffff", long(16)} {
		add("INVALID_ARGUMENT session_id",
			&cpgatev1.HeartbeatRequest{SessionId: id}, &cpgatev1.LockRequest{Name: "a", SessionId: id},
			&cpgatev1.UnlockRequest{Name: "a", SessionId: id},
			&cpgatev1.CancelLockRequest{Name: "a", SessionId: id, RequestId: "r"})
		if id != "" { // which is the list
			add("INVALID_ARGUMENT session_id",
				&cpgatev1.GetSessionRequest{SessionId: id}, &cpgatev1.CloseSessionRequest{SessionId: id})
		}
		add("INVALID_ARGUMENT session_ids", &cpgatev1.BatchHeartbeatRequest{SessionIds: []string{"7", id}})
	}
	add("INVALID_ARGUMENT session_ids", &cpgatev1.BatchHeartbeatRequest{},
		&cpgatev1.BatchHeartbeatRequest{SessionIds: slices.Repeat([]string{"7"}, 1001)})
	add("INVALID_ARGUMENT owner",
		&cpgatev1.LockRequest{Name: "a", SessionId: "7", Owner: long(128)},
		&cpgatev1.UnlockRequest{Name: "a", SessionId: "7", Owner: long(128)},
		&cpgatev1.CancelLockRequest{Name: "a", SessionId: "7", Owner: long(128), RequestId: "r"})
	add("INVALID_ARGUMENT request_id",
		&cpgatev1.OpenSessionRequest{RequestId: long(64)},
		&cpgatev1.LockRequest{Name: "a", SessionId: "7", RequestId: long(64)},
		&cpgatev1.UnlockRequest{Name: "a", SessionId: "7", RequestId: long(64)},
		&cpgatev1.CancelLockRequest{Name: "a", SessionId: "7", RequestId: long(64)},
		&cpgatev1.CancelLockRequest{Name: "a", SessionId: "7"})
	add("INVALID_ARGUMENT name", &cpgatev1.OpenSessionRequest{Name: long(128)})
	for _, ttl := range []int32{-1, 1, 604801} {
		add("INVALID_ARGUMENT ttl_seconds", &cpgatev1.OpenSessionRequest{TtlSeconds: ttl})
	}
	add("INVALID_ARGUMENT timeout",
		&cpgatev1.LockRequest{Name: "a", SessionId: "7", Timeout: durationpb.New(-time.Nanosecond)})
	add("INVALID_ARGUMENT attempt", &cpgatev1.LockRequest{Name: "a", SessionId: "7", Attempt: -1})
	add("INVALID_ARGUMENT fence", &cpgatev1.UnlockRequest{Name: "a", SessionId: "7", Fence: -1},
		&cpgatev1.ForceUnlockRequest{Name: "a", Fence: -1})
	for _, n := range []int32{-1, 1001} {
		add("INVALID_ARGUMENT page_size",
			&cpgatev1.ListSessionsRequest{PageSize: n}, &cpgatev1.ListLocksRequest{PageSize: n})
	}
	add("INVALID_ARGUMENT page_token",
		&cpgatev1.ListSessionsRequest{PageToken: "x"}, &cpgatev1.ListLocksRequest{PageToken: "?"})
	return bad
}

func TestRoutes_NameTheBadField(t *testing.T) {
	node := cpgatetest.Start(t)
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
