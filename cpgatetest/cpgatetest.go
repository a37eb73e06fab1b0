// Package cpgatetest runs a real cpgate node inside a test: the one that users run, with its etcd member, on a
// port of its own and with its data in the test's temporary folder. It is up in a fraction of a second and gone
// when the test ends.
//
//	func TestImportRunsOnce(t *testing.T) {
//		node := cpgatetest.Start(t)
//		c := node.Client(t)
//		fence, err := c.Lock("import").Lock(t.Context())
//		...
//	}
//
// To try what your program does while the server is away, Stop the node and Restart it: it comes back at the same
// address with the sessions, holds and lines it had.
package cpgatetest

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
)

// startTimeout bounds a start; a node on an idle machine takes 0.3 s.
const startTimeout = 30 * time.Second

// Node is a node that runs for one test. It may be used from several goroutines.
type Node struct {
	addr string

	mu     sync.Mutex
	config cpgate.Config
	node   *cpgate.Node // nil while stopped
}

// Option changes the node that Start starts.
type Option func(*cpgate.Config)

// WithConfig lets f change the configuration. It gets that of cpgate.DefaultConfig with a free port of 127.0.0.1,
// a data folder in the test's temporary one, and a logger that writes warnings to the test's output.
func WithConfig(f func(*cpgate.Config)) Option { return f }

// Start starts a node and stops it when the test ends. It fails the test when the node does not start.
func Start(t testing.TB, options ...Option) *Node {
	t.Helper()
	c := cpgate.DefaultConfig()
	c.Listen = "127.0.0.1:0"
	c.DataDir = filepath.Join(t.TempDir(), "cpgate.data")
	c.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	for _, o := range options {
		o(&c)
	}
	n := &Node{config: c}
	n.start(t)
	n.addr = n.node.Addr()
	n.config.Listen = n.addr
	t.Cleanup(func() { n.Stop(t) })
	return n
}

// Addr gives the host:port that the node serves gRPC, REST and etcd's API at. It stays the same over a Restart.
func (n *Node) Addr() string { return n.addr }

// Client gives a new client of the node, closed when the test ends. It speaks plain text: for a node that was given
// certificates make one with [client.NewWith].
func (n *Node) Client(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.New(n.addr)
	if err != nil {
		t.Fatalf("client of %s: %v", n.addr, err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && n.running() {
			t.Errorf("closing client: %v", err)
		}
	})
	return c
}

// Stop stops the node as SIGTERM does: waiting calls end with UNAVAILABLE, the data stays. Stopping a stopped node
// does nothing.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stop(t)
}

func (n *Node) stop(t testing.TB) {
	t.Helper()
	if n.node == nil {
		return
	}
	err := n.node.Close()
	n.node = nil
	if err != nil {
		t.Errorf("stopping node: %v", err)
	}
}

// Restart stops the node if it runs, and starts it again on the same data and at the same address.
func (n *Node) Restart(t testing.TB) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stop(t)
	n.start(t)
}

func (n *Node) running() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.node != nil
}

func (n *Node) start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	node, err := cpgate.Start(ctx, n.config)
	if err != nil {
		t.Fatalf("starting node: %v", err)
	}
	n.node = node
}
