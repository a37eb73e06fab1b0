package tests_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	"github.com/cpgate/cpgate/internal/certs"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// folder is a folder that certs.Init has filled for this machine.
type folder string

func newFolder(t *testing.T) folder {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "certs")
	plan := certs.Plan{Hosts: []string{"localhost", "127.0.0.1"}, Client: "client", Days: 1}
	if err := certs.Init(dir, plan); err != nil {
		t.Fatal(err)
	}
	return folder(dir)
}

func (f folder) in(name string) string { return filepath.Join(string(f), name) }

// identity is how a client comes: which authority it trusts and what it shows.
type identity struct {
	trusts folder // empty for plain text
	shows  folder // empty for no certificate
}

// tls is that of the client; nil for plain text. It shows its certificate whatever the server asks for.
func (i identity) tls(t *testing.T) *tls.Config {
	t.Helper()
	if i.trusts == "" {
		return nil
	}
	c := &tls.Config{RootCAs: must(certs.LoadPool(i.trusts.in(certs.CACert)))(t)}
	if i.shows != "" {
		pair := must(certs.LoadPair(i.shows.in(certs.ClientCert), i.shows.in(certs.ClientKey)))(t)
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return c
}

// callers are the kinds of clients. Each makes one call.
var callers = map[string]func(ctx context.Context, t *testing.T, addr string, who identity) error{
	"gRPC": func(ctx context.Context, t *testing.T, addr string, who identity) error {
		creds := insecure.NewCredentials()
		if c := who.tls(t); c != nil {
			creds = credentials.NewTLS(c)
		}
		conn := must(grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(creds)))(t)
		defer func() { _ = conn.Close() }()
		_, err := cpgatev1.NewSessionServiceClient(conn).OpenSession(ctx, &cpgatev1.OpenSessionRequest{})
		return err
	},
	"REST over HTTP/1.1": func(ctx context.Context, t *testing.T, addr string, who identity) error {
		var p http.Protocols
		p.SetHTTP1(true)
		return askREST(ctx, addr, &http.Transport{Protocols: &p, TLSClientConfig: who.tls(t)}, "HTTP/1.1")
	},
	"REST over HTTP/2": func(ctx context.Context, t *testing.T, addr string, who identity) error {
		var p http.Protocols
		p.SetHTTP2(true)
		p.SetUnencryptedHTTP2(true)
		return askREST(ctx, addr, &http.Transport{Protocols: &p, TLSClientConfig: who.tls(t)}, "HTTP/2.0")
	},
	"etcd's client": func(ctx context.Context, t *testing.T, addr string, who identity) error {
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}, TLS: who.tls(t), Logger: zap.NewNop(), Context: ctx})
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		_, err = c.Get(ctx, "a")
		return err
	},
	"our client": func(ctx context.Context, t *testing.T, addr string, who identity) error {
		c := must(client.NewWith(client.Config{
			Endpoints: []string{addr}, TLS: who.tls(t), Logger: slog.New(slog.DiscardHandler),
		}))(t)
		defer func() { _ = c.Close() }()
		_, err := c.SessionID(ctx)
		return err
	},
	"etcdctl": func(ctx context.Context, t *testing.T, addr string, who identity) error {
		scheme, args := "http", []string{"get", "a"}
		if who.trusts != "" {
			scheme, args = "https", append(args, "--cacert", who.trusts.in(certs.CACert))
		}
		if who.shows != "" {
			args = append(args, "--cert", who.shows.in(certs.ClientCert), "--key", who.shows.in(certs.ClientKey))
		}
		args = append(args, "--endpoints", scheme+"://"+addr, "--command-timeout=30s")
		out, err := exec.CommandContext(ctx, buildEtcdctl().orFail(t), args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	},
}

// askREST opens a session. What is not 200 is an error with the body.
func askREST(ctx context.Context, addr string, via *http.Transport, proto string) error {
	defer via.CloseIdleConnections()
	scheme := "http"
	if via.TLSClientConfig != nil {
		scheme = "https"
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://"+addr+"/v1/sessions", http.NoBody)
	if err != nil {
		return err
	}
	a, err := via.RoundTrip(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if a.StatusCode != http.StatusOK || err != nil {
		return fmt.Errorf("%s %s, %w", a.Status, b, err)
	}
	if a.Proto != proto {
		return errors.New("came over " + a.Proto)
	}
	return nil
}

// Every kind of client gets in where it should, and learns at once and in clear words where it should not.
func TestTLS_LetsInWhoeverItShould(t *testing.T) {
	t.Parallel()
	mine, strange := newFolder(t), newFolder(t)
	identities := map[string]identity{
		"plain text":               {},
		"no certificate":           {trusts: mine},
		"a certificate":            {trusts: mine, shows: mine},
		"a certificate of another": {trusts: mine, shows: strange},
		"trust in another":         {trusts: strange, shows: mine},
	}
	servers := map[string]struct {
		be   func(c *cpgate.Config)
		want map[string]map[string]string // by identity and client; no client: works
	}{
		"plain text": {
			be: func(*cpgate.Config) {},
			want: map[string]map[string]string{
				"no certificate": {
					"gRPC": "first record does not look like a TLS handshake", "REST over HTTP/1.1": "first record does not look like a TLS handshake",
				},
				"a certificate": {
					"gRPC": "first record does not look like a TLS handshake", "REST over HTTP/2": "first record does not look like a TLS handshake",
				},
				"a certificate of another": {},
				"trust in another":         {},
			},
		},
		"TLS": {
			be: func(c *cpgate.Config) {
				c.CertFile, c.KeyFile = mine.in(certs.ServerCert), mine.in(certs.ServerKey)
			},
			want: map[string]map[string]string{
				"plain text":       {"gRPC": "error reading server preface", "REST over HTTP/1.1": "This port speaks TLS: call it with https."},
				"trust in another": {"gRPC": "unknown authority", "REST over HTTP/1.1": "unknown authority", "REST over HTTP/2": "unknown authority"},
			},
		},
		"mutual TLS": {
			be: func(c *cpgate.Config) {
				c.CertFile, c.KeyFile = mine.in(certs.ServerCert), mine.in(certs.ServerKey)
				c.ClientCAFile = mine.in(certs.CACert)
			},
			want: map[string]map[string]string{
				"plain text":               {"gRPC": "error reading server preface", "REST over HTTP/1.1": "This port speaks TLS: call it with https."},
				"no certificate":           {"gRPC": "certificate required", "REST over HTTP/1.1": "certificate required", "REST over HTTP/2": "certificate required"},
				"a certificate of another": {"gRPC": "unknown certificate authority", "REST over HTTP/1.1": "unknown certificate authority"},
				"trust in another":         {"gRPC": "unknown authority"},
			},
		},
	}
	for server, s := range servers {
		addr := cpgatetest.Start(t, cpgatetest.WithConfig(s.be)).Addr()
		for name, who := range identities {
			for kind, call := range callers {
				t.Run(server+"/"+name+"/"+kind, func(t *testing.T) {
					t.Parallel()
					refused, limit := s.want[name], soon
					if refused != nil && refused[kind] == "" {
						limit = 700 * time.Millisecond // these try again for as long as they may
					}
					ctx, cancel := context.WithTimeout(t.Context(), limit)
					defer cancel()
					err := call(ctx, t, addr, who)
					for err != nil && strings.Contains(err.Error(), "could not be established") {
						err = call(ctx, t, addr, who) // Go's HTTP/2 sees at times only that the connection ended, and not why
					}
					switch want := refused[kind]; {
					case refused == nil && err != nil:
						t.Error(err)
					case refused != nil && (err == nil || !strings.Contains(err.Error(), want)):
						t.Errorf("said %v, want %q", err, want)
					}
				})
			}
		}
	}
}

// A changed certificate is what new connections get, while those that are there stay.
func TestTLS_ChangesItsCertificateUnderWay(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	log := &journal{}
	node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) {
		c.CertFile, c.KeyFile, c.ClientCAFile = f.in(certs.ServerCert), f.in(certs.ServerKey), f.in(certs.CACert)
		c.Logger = slog.New(slog.NewTextHandler(log, nil))
	}))
	old := identity{trusts: f, shows: f}
	stays := must(tls.Dial("tcp", node.Addr(), old.tls(t)))(t)
	defer func() { _ = stays.Close() }()
	askOn(t, stays)

	if err := os.WriteFile(f.in(certs.ServerKey), []byte("half a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	const warning = "changed certificates can't be used, the ones before stay"
	awaitCall(t, node.Addr(), old, func(err error) bool {
		if err != nil {
			t.Fatalf("with a file that can't be used: %v", err)
		}
		return strings.Contains(log.String(), warning)
	})
	other := newFolder(t)
	for _, name := range []string{certs.ServerCert, certs.ServerKey, certs.CACert} {
		if err := os.Rename(other.in(name), f.in(name)); err != nil {
			t.Fatal(err)
		}
	}
	awaitCall(t, node.Addr(), identity{trusts: f, shows: other}, func(err error) bool { return err == nil })
	if err := callers["gRPC"](t.Context(), t, node.Addr(), identity{trusts: f, shows: f}); err == nil {
		t.Error("a certificate of the authority before still opens a connection")
	}
	askOn(t, stays)
}

// awaitCall calls over new connections until what comes of it is right.
func awaitCall(t *testing.T, addr string, who identity, right func(error) bool) {
	t.Helper()
	for end := time.Now().Add(soon); !right(callers["gRPC"](t.Context(), t, addr, who)); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for changed certificates")
		}
	}
}

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.said.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.said.String()
}

// askOn asks over a connection that is open.
func askOn(t *testing.T, c *tls.Conn) {
	t.Helper()
	_, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
	_ = c.SetReadDeadline(time.Now().Add(soon))
	b := make([]byte, 1024)
	n, err := c.Read(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 200 ") {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// A client that says nothing after its handshake, or in it, hinders nobody and is gone with the node.
func TestTLS_StopsWithoutWaitingForSilentClients(t *testing.T) {
	f := newFolder(t)
	node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) {
		c.CertFile, c.KeyFile = f.in(certs.ServerCert), f.in(certs.ServerKey)
	}))
	d := &tls.Dialer{Config: identity{trusts: f}.tls(t)}
	silent := must(d.DialContext(t.Context(), "tcp", node.Addr()))(t)
	defer func() { _ = silent.Close() }()
	mute := must((&net.Dialer{}).DialContext(t.Context(), "tcp", node.Addr()))(t)
	defer func() { _ = mute.Close() }()
	begin := time.Now()
	node.Stop(t)
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
}
