package client_test

import (
	"context"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// A reentrant Lock that its caller leaves is cancelled in the background. An Unlock that follows at once gives back the
// hold of before, not the abandoned one: nothing stays held.
func TestUnlock_AfterAnAbandonedReentrantLockLeavesNothingHeld(t *testing.T) {
	node := cpgatetest.Start(t)
	l := node.Client(t).Lock("orders", client.Owner("worker-1"))
	server := wire(t, node.Addr())
	for n := range 200 {
		lock(t, l)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*10*time.Microsecond)
		if _, err := l.Lock(ctx); err == nil {
			unlock(t, l)
		}
		cancel()
		unlock(t, l)
		if now := server.look(t, "orders"); now.GetHoldCount() != 0 {
			t.Fatalf("round %d: still held %d times", n, now.GetHoldCount())
		}
	}
}
