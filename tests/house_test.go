package tests_test

import "strings"

const module = "github.com/cpgate/cpgate"

// floor says what a package may import besides the standard library.
type floor struct {
	ours   []string // folders
	others []string // what the paths of other modules' packages start with
}

// house has every package by its folder. An arrow that is to be drawn newly is drawn in docs/design.md too.
var house = map[string]floor{
	"cmd/cpgate": {
		ours: []string{".", "client", "internal/bench", "internal/certs", "proto/gen/cpgate/v1", "remote"},
		others: []string{
			"github.com/spf13/", "go.yaml.in/yaml/", "go.etcd.io/etcd/api/", "go.etcd.io/etcd/client/v3", "go.uber.org/zap",
			"google.golang.org/grpc",
		},
	},
	".": {
		ours: []string{
			"embedded", "remote", "gateway", "session", "fencedlock", "semaphore", "countdownlatch", "internal/store", "internal/keys",
			"internal/certs", "internal/access",
		},
		others: []string{"go.etcd.io/etcd/"},
	},
	"embedded": {
		ours:   []string{"internal/access"},
		others: []string{"go.etcd.io/", "go.uber.org/zap", "google.golang.org/grpc", "google.golang.org/protobuf", "golang.org/x/net/proxy"},
	},
	"remote": {
		ours: []string{"internal/access"},
		others: []string{
			"go.etcd.io/etcd/api/", "go.etcd.io/etcd/client/", "go.etcd.io/etcd/pkg/v3/adt",
			"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter", "google.golang.org/grpc", "go.uber.org/zap",
			"golang.org/x/sync/", "github.com/golang-jwt/jwt/",
		},
	},
	"gateway": {
		ours: []string{
			"session", "fencedlock", "semaphore", "countdownlatch", "internal/store", "internal/keys", "internal/access", "internal/frame",
			"proto", "proto/gen/cpgate/v1",
		},
		others: []string{
			"go.etcd.io/", "google.golang.org/", "golang.org/x/net/", "github.com/grpc-ecosystem/grpc-gateway/",
			"github.com/prometheus/client_golang/", "github.com/tmc/grpc-websocket-proxy/", "go.uber.org/zap",
		},
	},
	// The primitives know no protobuf of ours and no HTTP; only session speaks to etcd beside the store, of leases.
	"fencedlock": {
		ours: []string{
			"session", "internal/store", "internal/progress", "internal/memo", "internal/mirror", "internal/line", "internal/keys",
			"internal/kv",
		},
	},
	"semaphore": {
		ours: []string{
			"session", "internal/store", "internal/progress", "internal/memo", "internal/mirror", "internal/value", "internal/line",
			"internal/keys", "internal/kv",
		},
	},
	"countdownlatch": {
		ours: []string{
			"session", "internal/store", "internal/progress", "internal/memo", "internal/mirror", "internal/value", "internal/keys",
			"internal/kv",
		},
	},
	"session": {
		ours:   []string{"internal/store", "internal/mirror", "internal/keys", "internal/kv"},
		others: []string{"go.etcd.io/etcd/api/", "golang.org/x/sync/"},
	},
	"internal/store": {
		ours:   []string{"internal/mirror", "internal/proposal", "internal/keys", "internal/kv"},
		others: []string{"go.etcd.io/etcd/api/", "go.etcd.io/etcd/client/v3", "github.com/prometheus/client_golang/"},
	},
	"internal/proposal": {ours: []string{"internal/kv"}},
	"internal/progress": {ours: []string{"internal/mirror", "internal/kv"}},
	"internal/memo":     {ours: []string{"internal/mirror", "internal/kv"}},
	"internal/mirror": {
		ours:   []string{"internal/value", "internal/line", "internal/keys", "internal/kv"},
		others: []string{"github.com/google/btree"},
	},
	"internal/value":  {ours: []string{"internal/line", "internal/keys", "internal/kv"}},
	"internal/line":   {ours: []string{"internal/kv"}},
	"internal/keys":   {},
	"internal/kv":     {},
	"internal/certs":  {},
	"internal/access": {},
	"internal/frame":  {ours: []string{"proto/gen/cpgate/v1"}, others: []string{"google.golang.org/"}},
	"proto":           {},
	// The client knows the wire and nothing behind it, so that a user's program does not link etcd.
	"client": {
		ours:   []string{"internal/frame", "proto/gen/cpgate/v1"},
		others: []string{"google.golang.org/", "golang.org/x/sync/"},
	},
	// What measures is what programs are: it uses the client.
	"internal/bench": {
		ours:   []string{"client", "proto/gen/cpgate/v1"},
		others: []string{"google.golang.org/grpc", "golang.org/x/sync/"},
	},
	// The examples show what a user's program may use.
	"examples/batch-job":       {ours: []string{"client"}},
	"examples/connection-pool": {ours: []string{"client"}},
	"examples/rate-limiter":    {ours: []string{"client"}},
	"cpgatetest":               {ours: []string{".", "client"}},
	"tests":                    {},
	"tests/faults": {
		ours: []string{"proto/gen/cpgate/v1"},
		others: []string{
			"go.etcd.io/etcd/api/", "go.etcd.io/etcd/client/v3", "go.uber.org/zap", "golang.org/x/sync/", "golang.org/x/sys/unix",
			"google.golang.org/grpc",
		},
	},
	"tests/sim":   {},
	"tests/guard": {},
	// The models know the requests and answers, and nothing of what serves them.
	"tests/linearizability": {
		ours:   []string{"proto/gen/cpgate/v1"},
		others: []string{"github.com/anishathalye/porcupine", "google.golang.org/protobuf/"},
	},
}

func (f floor) mayImport(imported string) bool {
	for _, folder := range f.ours {
		if imported == strings.TrimSuffix(module+"/"+folder, "/.") {
			return true
		}
	}
	for _, start := range f.others {
		if strings.HasPrefix(imported, start) {
			return true
		}
	}
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") // the standard library
}

// pure are the files that do no I/O, so that the simulation can run them and a test needs nothing beside them.
var pure = []string{
	"internal/keys/*.go", "internal/kv/*.go", "internal/line/*.go", "internal/mirror/*.go",
	"internal/frame/*.go", "internal/memo/*.go", "internal/progress/*.go", "internal/proposal/*.go", "internal/value/*.go",
	"fencedlock/*call.go", "fencedlock/inline.go", "fencedlock/refuse.go", "fencedlock/scene.go",
	"fencedlock/ticket.go", "fencedlock/lost.go", "fencedlock/memo.go", "fencedlock/limit.go", "fencedlock/types.go",
	"semaphore/*call.go", "semaphore/abandoned.go", "semaphore/asking.go", "semaphore/claim.go", "semaphore/describe.go",
	"semaphore/guard.go", "semaphore/lost.go", "semaphore/memo.go", "semaphore/scene.go", "semaphore/taken.go", "semaphore/types.go",
	"countdownlatch/*call.go", "countdownlatch/arrival.go", "countdownlatch/scene.go", "countdownlatch/types.go",
	"client/deadline.go", "client/backoff.go", "remote/rights.go",
	"tests/faults/audit.go", "tests/faults/audit_line.go",
	"tests/linearizability/call.go", "tests/linearizability/check.go", "tests/linearizability/claims.go",
	"tests/linearizability/*_events.go", "tests/linearizability/event.go", "tests/linearizability/history.go",
	"tests/linearizability/latch.go", "tests/linearizability/lock.go", "tests/linearizability/semaphore.go",
	"tests/linearizability/session.go", "tests/linearizability/set.go",
}

// outside is what a pure file does not import.
var outside = []string{
	"bufio", "context", "crypto/rand", "io", "log", "math/rand", "net", "os", "runtime", "sync", "syscall", "unsafe",
}
