package tests_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// route is one way to a node: the same requests go over each, and the same answers must come back.
type route func(ctx context.Context, method string, q proto.Message) (proto.Message, error)

// routes returns the routes to a node by name.
func routes(t *testing.T, addr string) map[string]route { return routesOver(t, addr, nil) }

// routesOver returns those to one whose port has TLS, unless secure is nil.
func routesOver(t *testing.T, addr string, secure *tls.Config) map[string]route {
	t.Helper()
	creds, rest := insecure.NewCredentials(), restClient{http.DefaultClient, "http://" + addr}
	if secure != nil {
		via := &http.Transport{TLSClientConfig: secure}
		t.Cleanup(via.CloseIdleConnections)
		creds, rest = credentials.NewTLS(secure), restClient{&http.Client{Transport: via}, "https://" + addr}
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	over := &streamed{conn: conn}
	return map[string]route{
		"stream": over.ask,
		"gRPC": func(ctx context.Context, method string, q proto.Message) (proto.Message, error) {
			a := answerOf(method)
			return a, conn.Invoke(ctx, method, q, a)
		},
		"REST": rest.ask,
	}
}

// answerOf makes an empty answer of the method.
func answerOf(method string) proto.Message {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		panic(err)
	}
	m, err := protoregistry.GlobalTypes.FindMessageByName(d.(protoreflect.MethodDescriptor).Output().FullName())
	if err != nil {
		panic(err)
	}
	return m.New().Interface()
}

// place is where a method is served over REST; {} stands for the field of the request that is in the path.
type place struct{ verb, path, field string }

var places = map[string]place{
	cpgatev1.AuthService_Login_FullMethodName: {http.MethodPost, "/v1/auth/login", ""},

	cpgatev1.SessionService_OpenSession_FullMethodName:    {http.MethodPost, "/v1/sessions", ""},
	cpgatev1.SessionService_Heartbeat_FullMethodName:      {http.MethodPost, "/v1/sessions/{}:heartbeat", "session_id"},
	cpgatev1.SessionService_BatchHeartbeat_FullMethodName: {http.MethodPost, "/v1/sessions:batchHeartbeat", ""},
	cpgatev1.SessionService_CloseSession_FullMethodName:   {http.MethodDelete, "/v1/sessions/{}", "session_id"},
	cpgatev1.SessionService_GetSession_FullMethodName:     {http.MethodGet, "/v1/sessions/{}", "session_id"},
	cpgatev1.SessionService_ListSessions_FullMethodName:   {http.MethodGet, "/v1/sessions", ""},
	cpgatev1.FencedLockService_Lock_FullMethodName:        {http.MethodPost, "/v1/locks/{}:lock", "name"},
	cpgatev1.FencedLockService_Unlock_FullMethodName:      {http.MethodPost, "/v1/locks/{}:unlock", "name"},
	cpgatev1.FencedLockService_CancelLock_FullMethodName:  {http.MethodPost, "/v1/locks/{}:cancel", "name"},
	cpgatev1.FencedLockService_ForceUnlock_FullMethodName: {http.MethodPost, "/v1/locks/{}:forceUnlock", "name"},
	cpgatev1.FencedLockService_GetLock_FullMethodName:     {http.MethodGet, "/v1/locks/{}", "name"},
	cpgatev1.FencedLockService_ListLocks_FullMethodName:   {http.MethodGet, "/v1/locks", ""},

	cpgatev1.SemaphoreService_InitSemaphore_FullMethodName:    {http.MethodPost, "/v1/semaphores/{}:init", "name"},
	cpgatev1.SemaphoreService_Acquire_FullMethodName:          {http.MethodPost, "/v1/semaphores/{}:acquire", "name"},
	cpgatev1.SemaphoreService_CancelAcquire_FullMethodName:    {http.MethodPost, "/v1/semaphores/{}:cancel", "name"},
	cpgatev1.SemaphoreService_Release_FullMethodName:          {http.MethodPost, "/v1/semaphores/{}:release", "name"},
	cpgatev1.SemaphoreService_DrainPermits_FullMethodName:     {http.MethodPost, "/v1/semaphores/{}:drain", "name"},
	cpgatev1.SemaphoreService_IncreasePermits_FullMethodName:  {http.MethodPost, "/v1/semaphores/{}:increase", "name"},
	cpgatev1.SemaphoreService_ReducePermits_FullMethodName:    {http.MethodPost, "/v1/semaphores/{}:reduce", "name"},
	cpgatev1.SemaphoreService_GetSemaphore_FullMethodName:     {http.MethodGet, "/v1/semaphores/{}", "name"},
	cpgatev1.SemaphoreService_ListSemaphores_FullMethodName:   {http.MethodGet, "/v1/semaphores", ""},
	cpgatev1.SemaphoreService_DestroySemaphore_FullMethodName: {http.MethodDelete, "/v1/semaphores/{}", "name"},

	cpgatev1.CountDownLatchService_TrySetCount_FullMethodName:  {http.MethodPost, "/v1/latches/{}:trySetCount", "name"},
	cpgatev1.CountDownLatchService_CountDown_FullMethodName:    {http.MethodPost, "/v1/latches/{}:countDown", "name"},
	cpgatev1.CountDownLatchService_Await_FullMethodName:        {http.MethodPost, "/v1/latches/{}:await", "name"},
	cpgatev1.CountDownLatchService_GetLatch_FullMethodName:     {http.MethodGet, "/v1/latches/{}", "name"},
	cpgatev1.CountDownLatchService_ListLatches_FullMethodName:  {http.MethodGet, "/v1/latches", ""},
	cpgatev1.CountDownLatchService_DestroyLatch_FullMethodName: {http.MethodDelete, "/v1/latches/{}", "name"},
}

// restClient is a client of the REST API at a base URL.
type restClient struct {
	*http.Client
	base string
}

// ask sends q as a REST client would and reads the answer, or the error as gRPC would give it.
func (c restClient) ask(ctx context.Context, method string, q proto.Message) (proto.Message, error) {
	r, err := c.request(ctx, method, q)
	if err != nil {
		return nil, err
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	r.Header["Authorization"] = md["authorization"]
	resp, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		var st statuspb.Status
		if err := protojson.Unmarshal(b, &st); err != nil {
			return nil, err
		}
		return nil, status.FromProto(&st).Err()
	}
	a := answerOf(method)
	return a, protojson.Unmarshal(b, a)
}

func (c restClient) request(ctx context.Context, method string, q proto.Message) (*http.Request, error) {
	at := places[method]
	q = proto.Clone(q)
	m := q.ProtoReflect()
	if at.field != "" {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(at.field))
		at.path = strings.Replace(at.path, "{}", url.PathEscape(m.Get(f).String()), 1)
		m.Clear(f)
	}
	if at.verb != http.MethodPost {
		return http.NewRequestWithContext(ctx, at.verb, c.base+at.path+query(m), nil)
	}
	b, err := protojson.Marshal(q)
	if err != nil {
		return nil, err
	}
	return http.NewRequestWithContext(ctx, at.verb, c.base+at.path, strings.NewReader(string(b)))
}

func query(m protoreflect.Message) string {
	v := url.Values{}
	m.Range(func(f protoreflect.FieldDescriptor, val protoreflect.Value) bool {
		v.Set(string(f.Name()), val.String())
		return true
	})
	return "?" + v.Encode()
}

// reason tells an error's reason, with the field where it names one; "OK" when there is none.
func reason(err error) string {
	if err == nil {
		return "OK"
	}
	for _, d := range status.Convert(err).Details() {
		if i, ok := d.(*errdetails.ErrorInfo); ok && i.GetDomain() == "cpgate" {
			return strings.TrimSuffix(i.GetReason()+" "+i.GetMetadata()["field"], " ")
		}
	}
	return status.Code(err).String() + " without a reason: " + err.Error()
}
