package gateway_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func TestEtcd_ClientsWorkThroughThePort(t *testing.T) {
	c := open(t).etcd()
	events := c.Watch(t.Context(), "a")
	if _, err := c.Put(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(t.Context(), "a")
	if err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "b" {
		t.Errorf("got %v, %v", got, err)
	}
	if w := <-events; len(w.Events) != 1 || string(w.Events[0].Kv.Value) != "b" {
		t.Errorf("watched %v", w)
	}
	s, err := concurrency.NewSession(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := concurrency.NewMutex(s, "m").Lock(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := clientv3.NewMaintenance(c).Status(t.Context(), c.Endpoints()[0]); err != nil {
		t.Error(err)
	}
}

func TestEtcd_LockAndElectionServicesAnswer(t *testing.T) {
	p := open(t)
	r, err := v3lockpb.NewLockClient(p.dial()).Lock(t.Context(), &v3lockpb.LockRequest{Name: []byte("cp/lock/a")})
	if err != nil || !strings.HasPrefix(string(r.GetKey()), "cp/lock/a/") {
		t.Fatal(r, err)
	}
	if a := p.get("/v1/locks/a"); !strings.Contains(a.body, `"foreign":true`) {
		t.Error(a.body)
	}
	name := base64.StdEncoding.EncodeToString([]byte("e"))
	if a := p.post("/v3/election/campaign", fmt.Sprintf(`{"name":%q}`, name)); a.code != http.StatusOK {
		t.Error(a)
	}
}

func TestEtcd_JSONServesKeysAndWebSockets(t *testing.T) {
	p := open(t)
	key := base64.StdEncoding.EncodeToString([]byte("a"))
	p.post("/v3/kv/put", fmt.Sprintf(`{"key":%q,"value":%q}`, key, key))
	if a := p.post("/v3/kv/range", fmt.Sprintf(`{"key":%q}`, key)); !strings.Contains(a.body, `"value":"`+key+`"`) {
		t.Error(a)
	}
	ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+p.node.Addr()+"/v3/watch", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	defer func() { _ = ws.Close() }()
	create := fmt.Sprintf(`{"create_request":{"key":%q,"start_revision":"1"}}`, key)
	if err := ws.WriteMessage(websocket.TextMessage, []byte(create)); err != nil {
		t.Fatal(err)
	}
	for said := ""; !strings.Contains(said, `"value":"`+key+`"`); {
		_, b, err := ws.ReadMessage()
		if err != nil {
			t.Fatalf("%v after %s", err, said)
		}
		said += string(b)
	}
	p.node.Stop(t) // with the WebSocket open
}

func TestReflection_ListsEveryService(t *testing.T) {
	s, err := reflectpb.NewServerReflectionClient(open(t).dial()).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflectpb.ServerReflectionRequest_ListServices{}
	if err := s.Send(&reflectpb.ServerReflectionRequest{MessageRequest: ask}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range r.GetListServicesResponse().GetService() {
		names = append(names, n.GetName())
	}
	for _, want := range []string{
		"cpgate.v1.SessionService", "cpgate.v1.FencedLockService", "cpgate.v1.SemaphoreService",
		"cpgate.v1.CountDownLatchService", "etcdserverpb.KV", "etcdserverpb.Watch",
		"etcdserverpb.Lease", "etcdserverpb.Cluster", "etcdserverpb.Auth", "etcdserverpb.Maintenance",
		"v3lockpb.Lock", "v3electionpb.Election", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
}

func TestHealth_KnowsOurServicesAndEtcds(t *testing.T) {
	h := healthpb.NewHealthClient(open(t).dial())
	list, err := h.List(t.Context(), &healthpb.HealthListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", cpgatev1.SessionService_ServiceDesc.ServiceName, "cpgate.v1.FencedLockService", "cpgate.v1.SemaphoreService",
		"cpgate.v1.CountDownLatchService",
	} {
		q := &healthpb.HealthCheckRequest{Service: name}
		r, err := h.Check(t.Context(), q)
		if err != nil || r.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("check %q: %v, %v", name, r, err)
		}
		w, err := h.Watch(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := w.Recv(); err != nil || r.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("watch %q: %v, %v", name, r, err)
		}
		if list.GetStatuses()[name].GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("list %q: %v", name, list)
		}
	}
	if r, err := h.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "cpgate.v1.None"}); err == nil {
		t.Errorf("a service that does not exist is %v", r)
	}
}
