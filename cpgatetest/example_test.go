package cpgatetest_test

import (
	"testing"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// TestTransfer is how a test of your own may look.
func TestTransfer(t *testing.T) {
	node := cpgatetest.Start(t)
	mine, theirs := node.Client(t).Lock("accounts"), node.Client(t).Lock("accounts")

	if _, err := mine.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := theirs.TryLock(t.Context(), 0); ok || err != nil {
		t.Fatalf("two programs hold one lock (%v)", err)
	}
}

// Start a node with short sessions, take a lock, and see that it outlives a restart of the server.
func ExampleStart() {
	_ = func(t *testing.T) {
		node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) {
			c.SessionTTLSeconds = 30
		}))
		c := node.Client(t)

		var fence client.Fence
		fence, err := c.Lock("orders").Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		node.Restart(t)
		t.Logf("still held under fence %d", fence)
	}
}
