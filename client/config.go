package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Config says where the cluster is and what its session should be like. Only Endpoints is needed.
type Config struct {
	// Endpoints are the addresses, host:port, of one or more servers of one cluster. Calls go to one of them;
	// the others take over when it does not answer.
	Endpoints []string
	// SessionTTL is how long the session lives without a heartbeat: whole seconds from 2 s to 7 days; 0 means
	// the server's default (300 s). It is how long locks and permits stay taken after their holder crashed.
	SessionTTL time.Duration
	// Name is a label for people, shown beside the session: 0 to 128 bytes of UTF-8.
	Name string
	// TLS secures the connections; nil means plain text. Its certificates are shown to servers that ask for one. Each
	// endpoint's certificate must be good for the host by which Endpoints name it, unless ServerName is set.
	TLS *tls.Config
	// User and Password are who the client is to a cluster with access control; both or neither. It logs in with its first
	// call, and again whenever its token is not taken any more; where there is no access control it goes on without. In
	// plain text they can be read on the way. Neither is needed where a certificate in TLS says who the client is.
	User, Password string
	// DialOptions are added to those of the client, for interceptors, credentials per call and the like. Calls share one
	// stream: interceptors see each of them all the same, but a stats handler sees the stream, and credentials per call are
	// asked for when it is opened, and when they were refused. Calls to which they add metadata or call options go by
	// themselves.
	DialOptions []grpc.DialOption
	// Logger is told of lost sessions (warn) and of endpoints that don't answer (debug); nil means slog.Default.
	Logger *slog.Logger
}

// checked gives c with its defaults, or says which field breaks its rule.
func (c Config) checked() (Config, error) {
	switch {
	case len(c.Endpoints) == 0:
		return c, errors.New("no endpoint given: want at least one host:port")
	case c.SessionTTL < 0 || c.SessionTTL%time.Second != 0:
		return c, fmt.Errorf("session TTL %s: want whole seconds, or 0 for the server's default", c.SessionTTL)
	case !utf8.ValidString(c.Name):
		return c, fmt.Errorf("name %q: want UTF-8", c.Name)
	case c.User != "" && c.Password == "":
		return c, fmt.Errorf("user %q: want a password too", c.User)
	case c.User == "" && c.Password != "":
		return c, errors.New("password: want a user too")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}

// window is how many bytes of answers may be on their way, of one call and of all on a connection.
const window = 4 << 20

// dial makes a connection that is set up at its first call. The name is looked up anew whenever it connects
// (passthrough), so that an endpoint may move; a connection that failed is tried again soon, for a waiter's place
// in line is kept for two seconds only. Pings find out a server that falls silent also where no session's heartbeats
// do, under a wait that needs none.
//
// Calls go over a stream from where the user's own interceptors have seen them.
func (c Config) dial(addr string, hear hearer) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if c.TLS != nil {
		creds = credentials.NewTLS(c.TLS)
	}
	soon := backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}
	opts := append([]grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: soon, MinConnectTimeout: 3 * time.Second}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: shortCall}),
		grpc.WithStaticStreamWindowSize(window), // fixed, they spare a ping with each answer
		grpc.WithStaticConnWindowSize(window),
		grpc.WithDisableServiceConfig(),
	}, c.DialOptions...)
	opts = append(opts, grpc.WithChainUnaryInterceptor((&mux{hear: hear.event}).call))
	return grpc.NewClient("passthrough:///"+addr, opts...)
}
