package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func overHTTP2(t *testing.T) *http.Client {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: &p}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestPort_ServesGRPCAndHTTPOfBothVersions(t *testing.T) {
	p := open(t)
	id := p.session(p.dial())
	for name, c := range map[string]*http.Client{"HTTP/1.1": http.DefaultClient, "HTTP/2": overHTTP2(t)} {
		for range 20 { // HTTP/2: one connection, on which the acknowledgements of all settings arrive
			if a := p.send(c, http.MethodGet, "/v1/sessions/"+id, nil); a.code != http.StatusOK {
				t.Fatalf("%s: %d %s", name, a.code, a.body)
			}
		}
	}
}

// Frames may arrive in any portions: the sniffer and the filter after it must not care.
func TestPort_ServesHTTP2SentByteByByte(t *testing.T) {
	p := open(t)
	c, err := net.Dial("tcp", p.node.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	f := http2.NewFramer(slow{c}, c)
	_, _ = io.WriteString(slow{c}, http2.ClientPreface)
	_ = f.WriteSettings()
	_ = f.WriteSettings() // twice, so that both are answered before it is known who serves
	for range 2 {
		expect[*http2.SettingsFrame](t, f)
	}
	_ = f.WriteSettingsAck()
	// :method GET, :scheme http, :path /, :authority a, in the static table's numbers.
	_ = f.WriteHeaders(http2.HeadersFrameParam{
		StreamID: 1, BlockFragment: []byte{0x82, 0x86, 0x84, 0x01, 0x01, 'a'}, EndStream: true, EndHeaders: true,
	})
	_ = f.WriteSettingsAck()
	_ = f.WriteSettingsAck()
	expect[*http2.DataFrame](t, f)
	_ = f.WritePing(false, [8]byte{1})
	if !expect[*http2.PingFrame](t, f).IsAck() { // still served: the acknowledgements did no harm
		t.Error("pinged instead of answered")
	}
}

// slow writes byte by byte.
type slow struct{ w io.Writer }

func (s slow) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := s.w.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// expect reads up to the next frame of that kind that is not about nothing.
func expect[F http2.Frame](t *testing.T, f *http2.Framer) F {
	t.Helper()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("waiting for a frame: %v", err)
		}
		if g, ok := frame.(*http2.GoAwayFrame); ok {
			t.Fatalf("turned away: %v", g)
		}
		if want, ok := frame.(F); ok {
			return want
		}
	}
}

func TestPort_OutlivesNonsense(t *testing.T) {
	p := open(t)
	hugeFrame := http2.ClientPreface + "\xff\xff\xff\x00\x00\x00\x00\x00\x00"
	manyPings := http2.ClientPreface + strings.Repeat("\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678", 8000)
	hello := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc" // of TLS
	for _, said := range []string{"", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n", hello, hugeFrame, manyPings} {
		c, err := net.Dial("tcp", p.node.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, said)
		_ = c.Close()
	}
	if a := p.get("/livez"); a.code != http.StatusOK {
		t.Fatal(a)
	}
}

func TestPort_HoldsThousandsOfWaitsOnOneConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of waits take seconds; run without -short")
	}
	p := openAlone(t)
	conn := p.dial()
	locks := cpgatev1.NewFencedLockServiceClient(conn)
	const perSession = 999
	var all sync.WaitGroup
	refused := make(chan error, perSession*crowd)
	for range crowd {
		id := p.session(conn)
		for i := range perSession {
			all.Go(func() {
				_, err := locks.Lock(t.Context(), &cpgatev1.LockRequest{Name: "one", SessionId: id, Owner: fmt.Sprint(i)})
				if err != nil {
					refused <- err
				}
			})
		}
	}
	eventually(t, "all stand in line", func() bool {
		select {
		case err := <-refused:
			t.Fatalf("a wait ended: %v", err)
		default:
		}
		return strings.Contains(p.get("/metrics").body,
			fmt.Sprintf("cpgate_calls_running{method=%q} %d\n", cpgatev1.FencedLockService_Lock_FullMethodName, perSession*crowd-1)) &&
			strings.Contains(p.get("/v1/locks/one").body, fmt.Sprintf(`"waiter_count":%d`, perSession*crowd-1))
	})
	p.node.Stop(t)
	all.Wait()
}

func TestStop_EndsWaitsWithAHintToRetry(t *testing.T) {
	p := openAlone(t)
	conn := p.dial()
	locks := cpgatev1.NewFencedLockServiceClient(conn)
	id := p.session(conn)
	if _, err := locks.Lock(t.Context(), &cpgatev1.LockRequest{Name: "a", SessionId: id}); err != nil {
		t.Fatal(err)
	}
	var over sync.WaitGroup
	var grpcErr error
	var rest answer
	over.Go(func() {
		_, grpcErr = locks.Lock(t.Context(), &cpgatev1.LockRequest{Name: "a", SessionId: id, Owner: "grpc"})
	})
	over.Go(func() { rest = p.post("/v1/locks/a:lock", fmt.Sprintf(`{"session_id":%q,"owner":"rest"}`, id)) })
	p.etcd().Watch(t.Context(), "a")
	silent, err := net.Dial("tcp", p.node.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	eventually(t, "both wait", func() bool { return strings.Contains(p.get("/v1/locks/a").body, `"waiter_count":2`) })
	start := time.Now()
	p.node.Stop(t)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if left := running(); strings.Contains(left, "cpgate/gateway.(") {
		t.Errorf("still runs after the stop:\n%s", left)
	}
	over.Wait()
	if status.Code(grpcErr) != codes.Unavailable || len(status.Convert(grpcErr).Details()) != 2 {
		t.Errorf("over gRPC: %v", grpcErr)
	}
	if rest.code != http.StatusServiceUnavailable || rest.header.Get("Retry-After") != "1" {
		t.Errorf("over REST: %+v", rest)
	}
}

// running shows the goroutines of the process.
func running() string {
	b := make([]byte, 4<<20)
	return string(b[:runtime.Stack(b, true)])
}

func TestREST_NoticesAClientThatLeaves(t *testing.T) {
	p := open(t)
	id := p.session(p.dial())
	body := fmt.Sprintf(`{"session_id":%q}`, id)
	p.post("/v1/locks/a:lock", body)
	c, err := net.Dial("tcp", p.node.Addr())
	if err != nil {
		t.Fatal(err)
	}
	body = fmt.Sprintf(`{"session_id":%q,"owner":"b"}`, id)
	fmt.Fprintf(c, "POST /v1/locks/a:lock HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	waits := func(n int) func() bool {
		return func() bool { return strings.Contains(p.get("/v1/locks/a").body, fmt.Sprintf(`"waiter_count":%d`, n)) }
	}
	eventually(t, "it waits", waits(1))
	_ = c.Close()
	eventually(t, "its ticket is gone", waits(0))
}

func TestGRPC_DeadlineOfTheCallIsNoRefusal(t *testing.T) {
	p := open(t)
	conn := p.dial()
	locks := cpgatev1.NewFencedLockServiceClient(conn)
	id := p.session(conn)
	_, _ = locks.Lock(t.Context(), &cpgatev1.LockRequest{Name: "a", SessionId: id})
	a := p.post("/v1/locks/a:lock", fmt.Sprintf(`{"session_id":%q,"owner":"b"}`, id), "Grpc-Timeout", "50m")
	if a.code != http.StatusGatewayTimeout {
		t.Errorf("over REST: %+v", a)
	}
	r, err := locks.Lock(t.Context(), &cpgatev1.LockRequest{
		Name: "a", SessionId: id, Owner: "c", Timeout: durationpb.New(50 * time.Millisecond),
	})
	if err != nil || r.GetOutcome() != cpgatev1.LockResponse_NOT_ACQUIRED {
		t.Errorf("a timeout of the lock: %v, %v", r, err)
	}
}

func TestOpenSession_NotesWhereTheClientIs(t *testing.T) {
	p := open(t)
	conn := p.dial()
	spoofed := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", "10.0.0.1")
	r, err := cpgatev1.NewSessionServiceClient(conn).OpenSession(spoofed, &cpgatev1.OpenSessionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	rest := p.post("/v1/sessions", "").field("session_id")
	for _, id := range []string{r.GetSessionId(), rest} {
		if a := p.get("/v1/sessions/" + id); !strings.Contains(a.body, `"client_address":"127.0.0.1"`) {
			t.Error(a.body)
		}
	}
}

// rawCodec sends bytes as they are: what no proto library would make.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (rawCodec) Unmarshal(_ []byte, _ any) error { return nil }
func (rawCodec) Name() string                    { return "proto" }

// grpc itself refuses these, before any code of ours.
func TestGRPC_RefusesWhatIsNoMessageAndGoesOn(t *testing.T) {
	p := open(t)
	conn := p.dial()
	for what, said := range map[string][]byte{
		"a name that is not UTF-8": []byte("\x0a\x02a\xff"), "no message": []byte("\x0a\x7f"),
	} {
		err := conn.Invoke(t.Context(), cpgatev1.FencedLockService_GetLock_FullMethodName, said, nil,
			grpc.ForceCodec(rawCodec{}))
		if status.Code(err) != codes.Internal {
			t.Errorf("%s: %v", what, err)
		}
	}
	p.session(conn)
}
