package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// port is a running node, as its clients see it.
type port struct {
	*testing.T
	node *cpgatetest.Node
}

// open starts a node for a test that runs beside others.
func open(t *testing.T) *port {
	t.Helper()
	t.Parallel()
	return openAlone(t)
}

func openAlone(t *testing.T) *port {
	t.Helper()
	return &port{t, cpgatetest.Start(t)}
}

func (p *port) dial() *grpc.ClientConn {
	p.Helper()
	c, err := grpc.NewClient(p.node.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = c.Close() })
	return c
}

func (p *port) etcd() *clientv3.Client {
	p.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{p.node.Addr()}, DialTimeout: 5 * time.Second})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = c.Close() })
	return c
}

func (p *port) session(conn *grpc.ClientConn) string {
	p.Helper()
	s, err := cpgatev1.NewSessionServiceClient(conn).OpenSession(p.Context(), &cpgatev1.OpenSessionRequest{})
	if err != nil {
		p.Fatal(err)
	}
	return s.GetSessionId()
}

// answer is what came over HTTP.
type answer struct {
	code   int
	header http.Header
	body   string
}

// field reads a field of a JSON body; "" when there is none.
func (a answer) field(name string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(a.body), &fields) != nil {
		return ""
	}
	s, _ := fields[name].(string)
	return s
}

func (p *port) send(c *http.Client, method, path string, body io.Reader, header ...string) answer {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, "http://"+p.node.Addr()+path, body)
	if err != nil {
		p.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		p.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

func (p *port) get(path string) answer {
	p.Helper()
	return p.send(http.DefaultClient, http.MethodGet, path, nil)
}

func (p *port) post(path, body string, header ...string) answer {
	p.Helper()
	return p.send(http.DefaultClient, http.MethodPost, path, strings.NewReader(body), header...)
}

// eventually waits for a condition that is on its way.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatal("never: " + what)
}
