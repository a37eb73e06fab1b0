package tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const (
	openSession = cpgatev1.SessionService_OpenSession_FullMethodName
	lock        = cpgatev1.FencedLockService_Lock_FullMethodName
	unlock      = cpgatev1.FencedLockService_Unlock_FullMethodName
	cancelLock  = cpgatev1.FencedLockService_CancelLock_FullMethodName
	getLock     = cpgatev1.FencedLockService_GetLock_FullMethodName
)

// step is one call of a story. A story is told over every route, on a node of its own. Sessions are called A, B, ...
// in the order in which they are first seen, and fences and rounds 1, 2, ...
type step struct {
	q    proto.Message
	want string // the answer, or the reason of the error
}

var lockStory = []step{
	{&cpgatev1.OpenSessionRequest{RequestId: "a", TtlSeconds: 30, Name: "worker"}, `{"sessionId":"A","ttlSeconds":30,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.OpenSessionRequest{RequestId: "a", TtlSeconds: 30, Name: "worker"}, `{"sessionId":"A","ttlSeconds":30,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"B","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.HeartbeatRequest{SessionId: "A"}, `{"ttlSeconds":30,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.HeartbeatRequest{SessionId: "7"}, `SESSION_EXPIRED`},
	{&cpgatev1.BatchHeartbeatRequest{SessionIds: []string{"B", "7", "B"}}, `{"beats":[{"sessionId":"B","ttlSeconds":300},{"sessionId":"7","expired":true},{"sessionId":"B","ttlSeconds":300}]}`},

	{&cpgatev1.GetLockRequest{Name: "orders"}, `{"lock":{"name":"orders"}}`},
	{&cpgatev1.LockRequest{Name: "orders", SessionId: "A", RequestId: "r1"}, `{"outcome":"ACQUIRED","fence":"1","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "orders", SessionId: "A", RequestId: "r1", Attempt: 1}, `{"outcome":"ACQUIRED","fence":"1","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "orders", SessionId: "A", RequestId: "r2"}, `{"outcome":"ACQUIRED","fence":"1","holdCount":2}`},
	{&cpgatev1.LockRequest{Name: "orders", SessionId: "B", Timeout: durationpb.New(0)}, `{"outcome":"NOT_ACQUIRED","holder":{"sessionId":"A","fence":"1"}}`},
	{&cpgatev1.LockRequest{Name: "orders", SessionId: "A", Owner: "b", Timeout: durationpb.New(time.Millisecond)}, `{"outcome":"NOT_ACQUIRED","holder":{"sessionId":"A","fence":"1"},"position":1}`},
	{&cpgatev1.GetLockRequest{Name: "orders@default"}, `{"lock":{"name":"orders","fence":"1","holdCount":2,"holder":{"sessionId":"A","fence":"1"}}}`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "B"}, `NOT_HOLDER`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "A", Fence: 1 << 62}, `NOT_HOLDER`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "A", Fence: 1, RequestId: "u1"}, `{"holdCount":1}`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "A", Fence: 1, RequestId: "u1"}, `{"holdCount":1}`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "A"}, `{}`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "A"}, `NOT_HOLDER`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "A", Fence: 1}, `{"alreadyReleased":true}`},

	{&cpgatev1.CancelLockRequest{Name: "orders", SessionId: "A", RequestId: "none"}, `{}`},
	{&cpgatev1.LockRequest{Name: "orders", SessionId: "B", Owner: "x", RequestId: "r3"}, `{"outcome":"ACQUIRED","fence":"2","holdCount":1}`},
	{&cpgatev1.CancelLockRequest{Name: "orders", SessionId: "B", Owner: "x", RequestId: "r3"}, `{"cancelled":true}`},
	{&cpgatev1.ForceUnlockRequest{Name: "orders"}, `{}`},
	{&cpgatev1.LockRequest{Name: "orders", SessionId: "A"}, `{"outcome":"ACQUIRED","fence":"3","holdCount":1}`},
	{&cpgatev1.ListLocksRequest{PageSize: 1}, `{"locks":[{"name":"orders","fence":"3","holdCount":1,"holder":{"sessionId":"A","fence":"3"}}]}`},
	{&cpgatev1.ForceUnlockRequest{Name: "orders", Fence: 2}, `{}`},
	{&cpgatev1.ForceUnlockRequest{Name: "orders", Fence: 3}, `{"released":true,"holder":{"sessionId":"A","fence":"3"}}`},
	{&cpgatev1.UnlockRequest{Name: "orders", SessionId: "A", Fence: 3}, `OWNERSHIP_LOST`},

	{&cpgatev1.LockRequest{Name: "limited", SessionId: "A"}, `{"outcome":"ACQUIRED","fence":"4","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "limited", SessionId: "A"}, `{"outcome":"LIMIT_REACHED","fence":"4","holdCount":1}`},
	{&cpgatev1.GetSessionRequest{SessionId: "A"}, `{"session":{"sessionId":"A","name":"worker","ttlSeconds":30,"clientAddress":"127.0.0.1","tickets":1}}`},
	{&cpgatev1.CloseSessionRequest{SessionId: "A"}, `{"closed":true}`},
	{&cpgatev1.CloseSessionRequest{SessionId: "A"}, `{}`},
	{&cpgatev1.GetSessionRequest{SessionId: "A"}, `SESSION_EXPIRED`},
	{&cpgatev1.LockRequest{Name: "limited", SessionId: "A"}, `SESSION_EXPIRED`},
	{&cpgatev1.UnlockRequest{Name: "limited", SessionId: "A", Fence: 4}, `SESSION_EXPIRED`},
	{&cpgatev1.CancelLockRequest{Name: "limited", SessionId: "A", RequestId: "r"}, `SESSION_EXPIRED`},
	{&cpgatev1.ListLocksRequest{}, `{}`},
	{&cpgatev1.ListSessionsRequest{}, `{"sessions":[{"sessionId":"B","ttlSeconds":300,"clientAddress":"127.0.0.1"}]}`},
}

func TestRoutes_TellTheSameStoryOfLocks(t *testing.T) {
	tell(t, lockStory, func(c *cpgate.Config) { c.LockAcquireLimit = []string{"limited=1"} })
}

func tell(t *testing.T, story []step, options ...cpgatetest.Option) {
	t.Helper()
	for _, name := range []string{"gRPC", "REST", "stream"} {
		t.Run(name, func(t *testing.T) {
			node := startNode(t, options...)
			call, cast := routes(t, node.Addr())[name], newCast()
			for i, s := range story {
				a, err := call(t.Context(), methodOf(s.q), cast.real(s.q))
				got := reason(err)
				if err == nil {
					got = cast.told(a)
				}
				if got != s.want {
					t.Errorf("step %d, %T {%v}:\n got %s\nwant %s", i, s.q, s.q, got, s.want)
				}
			}
		})
	}
}

// cast knows the names that the story has for what differs from run to run.
type cast struct {
	sessions  map[string]string // by its name in the story
	revisions map[int64]int64   // of etcd: what fences and rounds are
}

func newCast() *cast { return &cast{map[string]string{}, map[int64]int64{}} }

// real puts the real sessions, fences and rounds into a request of the story.
func (c *cast) real(q proto.Message) proto.Message {
	q = proto.Clone(q)
	eachField(q.ProtoReflect(), func(name string, v any) any {
		switch v := v.(type) {
		case string:
			if id, ok := c.sessions[v]; ok && strings.HasPrefix(name, "session_id") {
				return id
			}
		case int64:
			if r, ok := c.revisions[v]; ok && isRevision(name) {
				return r
			}
		}
		return v
	})
	return q
}

// told writes an answer in the names of the story, without times and keys.
func (c *cast) told(a proto.Message) string {
	a = proto.Clone(a)
	eachField(a.ProtoReflect(), func(name string, v any) any {
		switch v := v.(type) {
		case string:
			if name == "session_id" && len(v) > 1 {
				return c.nameOf(v)
			}
			if name == "key" {
				return nil
			}
		case int64:
			if isRevision(name) {
				return c.numberOf(v)
			}
		}
		if name == "valid_for" || name == "since" || name == "created" {
			return nil
		}
		return v
	})
	b, err := protojson.Marshal(a)
	var compact bytes.Buffer
	if err != nil || json.Compact(&compact, b) != nil {
		return fmt.Sprint(err)
	}
	return compact.String()
}

func (c *cast) nameOf(id string) string {
	for name, known := range c.sessions {
		if known == id {
			return name
		}
	}
	name := string(rune('A' + len(c.sessions)))
	c.sessions[name] = id
	return name
}

func isRevision(field string) bool { return field == "fence" || field == "round" }

// numberOf is below zero for a revision that is new, and yet not above all before it.
func (c *cast) numberOf(revision int64) int64 {
	rises := true
	for n, known := range c.revisions {
		if known == revision {
			return n
		}
		rises = rises && known < revision
	}
	n := int64(len(c.revisions) + 1)
	if !rises {
		n = -n
	}
	c.revisions[n] = revision
	return n
}

// eachField replaces the values of all fields that are set, at any depth; nil clears one.
func eachField(m protoreflect.Message, f func(name string, v any) any) {
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := string(d.Name())
		switch {
		case d.IsList():
			eachOf(v.List(), name, d.Message() != nil, f)
		case f(name, v.Interface()) == nil:
			m.Clear(d)
		case d.Message() != nil:
			eachField(v.Message(), f)
		default:
			m.Set(d, protoreflect.ValueOf(f(name, v.Interface())))
		}
		return true
	})
}

func eachOf(l protoreflect.List, name string, messages bool, f func(name string, v any) any) {
	for i := range l.Len() {
		if messages {
			eachField(l.Get(i).Message(), f)
		} else {
			l.Set(i, protoreflect.ValueOf(f(name, l.Get(i).Interface())))
		}
	}
}

func TestRoutes_CancelEndsTheWait(t *testing.T) {
	node := startNode(t)
	for name, call := range routes(t, node.Addr()) {
		t.Run(name, func(t *testing.T) {
			id := opened(t, call)
			ended := waiting(t, call, name, id)
			a := mustCall(t, call, cancelLock, &cpgatev1.CancelLockRequest{Name: name, SessionId: id, Owner: "b", RequestId: "r"})
			if !a.(*cpgatev1.CancelLockResponse).GetCancelled() {
				t.Error("nothing was cancelled")
			}
			if err := <-ended; reason(err) != "WAIT_CANCELLED" {
				t.Errorf("the wait ended with %v", err)
			}
		})
	}
}

func TestRoutes_DamageIsNamed(t *testing.T) {
	node := startNode(t)
	etcd, err := clientv3.New(clientv3.Config{Endpoints: []string{node.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = etcd.Close() }()
	for name, call := range routes(t, node.Addr()) {
		t.Run(name, func(t *testing.T) {
			id := opened(t, call)
			ended := waiting(t, call, name, id)
			key := "cp/lock/" + name + "/" + id + ".b"
			if _, err := etcd.Put(t.Context(), key, "{\xff", clientv3.WithIgnoreLease()); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; reason(err) != "DAMAGED" || !strings.Contains(err.Error(), key) {
				t.Errorf("the wait ended with %v", err)
			}
			a := mustCall(t, call, getLock, &cpgatev1.GetLockRequest{Name: name}).(*cpgatev1.GetLockResponse)
			if w := a.GetLock().GetWaiters(); len(w) != 1 || !w[0].GetForeign() || w[0].GetKey() != key {
				t.Errorf("waiters are %v", w)
			}
		})
	}
}

// waiting lets one caller hold the lock and another, "b", stand in line under the request id "r". The channel gets
// what the wait ends with.
func waiting(t *testing.T, call route, name, session string) <-chan error {
	t.Helper()
	mustCall(t, call, lock, &cpgatev1.LockRequest{Name: name, SessionId: session})
	ended := make(chan error, 1)
	go func() {
		_, err := call(t.Context(), lock, &cpgatev1.LockRequest{Name: name, SessionId: session, Owner: "b", RequestId: "r"})
		ended <- err
	}()
	for q := (&cpgatev1.GetLockRequest{Name: name}); ; {
		if a := mustCall(t, call, getLock, q).(*cpgatev1.GetLockResponse); a.GetLock().GetWaiterCount() == 1 {
			return ended
		}
	}
}

func TestRoutes_ASessionHasAThousandTickets(t *testing.T) {
	node := startNode(t)
	for name, call := range routes(t, node.Addr()) {
		t.Run(name, func(t *testing.T) {
			id := opened(t, call)
			for i := range 1000 {
				mustCall(t, call, lock, &cpgatev1.LockRequest{Name: fmt.Sprint(i, name), SessionId: id})
			}
			_, err := call(t.Context(), lock, &cpgatev1.LockRequest{Name: "one more", SessionId: id})
			if got := reason(err); got != "TOO_MANY_TICKETS" {
				t.Error(got)
			}
		})
	}
}

func opened(t *testing.T, call route) string {
	t.Helper()
	return mustCall(t, call, openSession, &cpgatev1.OpenSessionRequest{}).(*cpgatev1.OpenSessionResponse).GetSessionId()
}

func mustCall(t *testing.T, call route, method string, q proto.Message) proto.Message {
	t.Helper()
	a, err := call(t.Context(), method, q)
	if err != nil {
		t.Fatalf("%s {%v}: %v", method, q, err)
	}
	return a
}
