package gateway

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.etcd.io/etcd/api/v3/version"

	"github.com/cpgate/cpgate/proto"
)

const modulePath = "github.com/cpgate/cpgate"

const index = `cpgate: fenced locks, semaphores and countdown latches, and the sessions that hold them, on an embedded etcd.

  /v1/           REST: sessions, locks, semaphores and latches; /openapi.json describes it
  /v3/           etcd's own JSON API
  gRPC           cpgate.v1 and all of etcd's services, with reflection and health
  /livez         200 while the process serves
  /readyz        200 while calls can be answered, else 503 and why
  /metrics       for Prometheus
  /version       of cpgate and of the etcd in it
`

func newPages(b Backend, ready func() error) map[string]http.Handler {
	plain := "text/plain; charset=utf-8"
	return map[string]http.Handler{
		"/":             fixed(plain, []byte(index)),
		"/openapi.json": fixed("application/json", proto.OpenAPI),
		"/livez":        fixed(plain, []byte("ok\n")),
		"/readyz":       readyz(ready),
		"/health":       b.health(), // where etcd's own watchdogs look
		"/metrics":      promhttp.Handler(),
		"/version":      asJSONPage(func() any { return served{buildVersion(), b.versions()} }),
	}
}

// readiness is what /readyz and grpc.health tell: nil while calls can be answered.
func readiness(b Backend, ready func() error) func() error {
	return func() error {
		if err := b.ready(); err != nil {
			return err
		}
		return ready()
	}
}

func readyz(ready func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
}

// served is what runs behind the port; the names of etcd's versions are etcd's own.
type served struct {
	Cpgate string `json:"cpgate"`
	version.Versions
}

// buildVersion also finds cpgate where it is built into another program.
func buildVersion() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range b.Deps {
		if m.Path == modulePath {
			return m.Version
		}
	}
	return b.Main.Version
}
