package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/cpgatetest"
	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// patience is how long a fuzzed request may wait for what will not come.
const patience = 200 * time.Millisecond

var verbs = []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodHead}

// Whatever comes over REST is answered in JSON, and never by a fault of ours.
func FuzzREST(f *testing.F) {
	for _, seed := range []struct {
		verb              uint8
		path, query, body string
	}{
		{1, "sessions", "", `{"ttl_seconds":30,"name":"a"}`},
		{1, "sessions/7f:heartbeat", "", "{}"},
		{1, "sessions:batchHeartbeat", "", `{"session_ids":["7f","0"]}`},
		{1, "locks/a%2Fb:lock", "", `{"session_id":"7f","timeout":"0s"}`},
		{1, "locks/:lock", "", "null"},
		{1, "locks/..:unlock", "", `{"fence":"-1"}`},
		{0, "locks", "page_size=3&page_token=bG9jazp4", ""},
		{1, "semaphores/x:acquire", "", `{"permits":1.5e3,"timeout":"0.000000001s"}`},
		{1, "semaphores/x:init", "", `{"permits":2147483648}`},
		{2, "semaphores/x", "", ""},
		{1, "latches/x:trySetCount", "", `{"count":3,"count":4}`},
		{1, "latches/x:await", "", `{"timeout":"1s",}`},
		{1, "auth/login", "", `{"user":"a","password":"` + strings.Repeat("b", 73) + `"}`},
		{0, "%", "%", "\xff"},
	} {
		f.Add(seed.verb, seed.path, seed.query, seed.body)
	}
	addr := cpgatetest.Start(f).Addr()
	f.Fuzz(func(t *testing.T, verb uint8, path, query, body string) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		q, err := http.NewRequestWithContext(ctx, verbs[int(verb)%len(verbs)], "http://"+addr+"/v1/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if q.URL, err = url.Parse("http://" + addr + "/v1/" + path); err != nil || q.URL.Host != addr {
			q.URL = &url.URL{Scheme: "http", Host: addr, Path: "/v1/" + path}
		}
		q.URL.RawQuery, q.URL.Fragment = url.QueryEscape(query), ""
		if parsed, err := url.ParseQuery(query); err == nil {
			q.URL.RawQuery = parsed.Encode()
		}
		a, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			return // it waited, or can't be sent
		}
		defer func() { _ = a.Body.Close() }()
		b, err := io.ReadAll(a.Body)
		allowed := []int{http.StatusNotImplemented, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
		if a.StatusCode >= http.StatusInternalServerError && !slices.Contains(allowed, a.StatusCode) {
			t.Errorf("%s %s: %d %s", q.Method, q.URL, a.StatusCode, b)
		}
		if err == nil && q.Method != http.MethodHead && strings.HasPrefix(q.URL.Path, "/v1/") && !json.Valid(b) {
			t.Errorf("%s %s: %d %q", q.Method, q.URL, a.StatusCode, b)
		}
	})
}

// bytesCodec sends bytes as they are, and takes any answer.
type bytesCodec struct{}

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (bytesCodec) Unmarshal(mem.BufferSlice, any) error { return nil }

func (bytesCodec) Name() string { return "proto" }

var _ encoding.CodecV2 = bytesCodec{}

// Whatever bytes come as a request over gRPC, they are refused as no message, or answered, and never by a fault of ours.
func FuzzGRPC(f *testing.F) {
	methods := allMethods(f)
	for n, m := range methods {
		f.Add(uint8(n), []byte{})
		b, err := proto.Marshal(filled(m))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(n), b)
	}
	conn, err := grpc.NewClient(cpgatetest.Start(f).Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = conn.Close() })
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		m := methods[int(n)%len(methods)]
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		name := "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
		err := conn.Invoke(ctx, name, b, nil, grpc.ForceCodecV2(bytesCodec{}))
		isMessage := proto.Unmarshal(b, request(m)) == nil
		if code := status.Code(err); code == codes.Unknown || code == codes.Internal && isMessage {
			t.Errorf("%s %x: %v", name, b, err)
		}
	})
}

// Whatever bytes come as a frame of a stream, the stream goes on or is ended with what is wrong with them.
func FuzzStream(f *testing.F) {
	f.Add([]byte{})
	for n, m := range allMethods(f) {
		q := filled(m)
		c := frame.NewCall("/"+string(m.Parent().FullName())+"/"+string(m.Name()), q)
		c.Id, c.AnswerWithin = uint64(n), durationpb.New(patience)
		b, err := proto.Marshal(&cpgatev1.ClientFrame{Calls: []*cpgatev1.Call{c}, Cancels: []uint64{uint64(n), 7}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	conn, err := grpc.NewClient(cpgatetest.Start(f).Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = conn.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		s, err := conn.NewStream(ctx, &cpgatev1.StreamService_ServiceDesc.Streams[0], cpgatev1.StreamService_Connect_FullMethodName,
			grpc.ForceCodecV2(bytesCodec{}))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.SendMsg(b), s.CloseSend() // what is wrong is received
		for err == nil {
			err = s.RecvMsg(nil)
		}
		isFrame := proto.Unmarshal(b, &cpgatev1.ClientFrame{}) == nil
		if code := status.Code(err); !errors.Is(err, io.EOF) && (code == codes.Unknown || code == codes.Internal && isFrame) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

func allMethods(f *testing.F) (all []protoreflect.MethodDescriptor) {
	f.Helper()
	for _, service := range []string{
		cpgatev1.AuthService_ServiceDesc.ServiceName, cpgatev1.SessionService_ServiceDesc.ServiceName,
		cpgatev1.FencedLockService_ServiceDesc.ServiceName, cpgatev1.SemaphoreService_ServiceDesc.ServiceName,
		cpgatev1.CountDownLatchService_ServiceDesc.ServiceName,
	} {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
		if err != nil {
			f.Fatal(err)
		}
		methods := d.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			all = append(all, methods.Get(i))
		}
	}
	return all
}

// request makes an empty request of the method.
func request(m protoreflect.MethodDescriptor) proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
	if err != nil {
		panic(err) // every request is generated code
	}
	return t.New().Interface()
}

// filled is one with something in every field that is no list and no message.
func filled(m protoreflect.MethodDescriptor) proto.Message {
	q := request(m).ProtoReflect()
	fields := q.Descriptor().Fields()
	for i := range fields.Len() {
		switch d := fields.Get(i); {
		case d.IsList(), d.Kind() == protoreflect.MessageKind:
		case d.Kind() == protoreflect.StringKind:
			q.Set(d, protoreflect.ValueOfString("7f"))
		case d.Kind() == protoreflect.Int32Kind:
			q.Set(d, protoreflect.ValueOfInt32(3))
		case d.Kind() == protoreflect.Int64Kind:
			q.Set(d, protoreflect.ValueOfInt64(3))
		case d.Kind() == protoreflect.BoolKind:
			q.Set(d, protoreflect.ValueOfBool(true))
		}
	}
	return q.Interface()
}
