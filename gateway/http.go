package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
)

const (
	headerTime = 10 * time.Second
	idleTime   = 5 * time.Minute
)

func newHTTP(h http.Handler, log *slog.Logger) *http.Server {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           sameOrigin(h),
		Protocols:         &p,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: math.MaxInt32}, // every wait is a stream
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			p := &peer.Peer{Addr: c.RemoteAddr(), AuthInfo: c.(*conn).identity()}
			return peer.NewContext(ctx, p) // where gRPC has it too
		},
	}
}

// site is all that is served over HTTP. http.ServeMux would clean paths by redirects, and a lock may be called "..".
type site struct {
	rest, etcd http.Handler
	pages      map[string]http.Handler // by exact path, for GET
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, ok := s.pages[r.URL.Path]
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/"):
		s.rest.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/v3/"):
		s.etcd.ServeHTTP(w, r)
	case !ok:
		writeError(w, http.StatusNotFound, codes.NotFound, "nothing is served at "+r.URL.Path)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		writeError(w, http.StatusMethodNotAllowed, codes.Unimplemented, r.Method+" is not served at "+r.URL.Path)
	default:
		page.ServeHTTP(w, r)
	}
}

// fixed serves the same bytes every time.
func fixed(contentType string, b []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(b)
	})
}

func asJSONPage(f func() any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(f())
	})
}
