package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// primitives are what can be measured.
var primitives = []string{primitiveLock, primitiveSemaphore, primitiveLatch, primitiveSession}

const (
	primitiveLock      = "lock"
	primitiveSemaphore = "semaphore"
	primitiveLatch     = "latch"
	primitiveSession   = "session"
)

const (
	// maxCallers is what one machine can well be asked for.
	maxCallers = 100_000
	// maxWaiters is the same for those who wait for one latch.
	maxWaiters = 10_000
	maxTTL     = 7 * 24 * time.Hour
)

// benchLoad is what `cpgate bench` is asked for.
type benchLoad struct {
	primitive        string
	callers, clients int
	hot, unary       bool
	permits, waiters int
	warmUp, duration time.Duration
	ttl, heartbeat   time.Duration
}

// addBenchLoad gives the command the flags for it.
func addBenchLoad(c *cobra.Command) *benchLoad {
	l, f := &benchLoad{}, c.Flags()
	f.StringVar(&l.primitive, "primitive", primitiveLock, "`what` is used: lock, semaphore, latch or session")
	f.IntVar(&l.callers, "callers", 64, "`number` of callers side by side, or of idle sessions")
	f.IntVar(&l.clients, "clients", 0, "`number` of clients that they share, each with a connection of its own, at the endpoints in turn; "+
		"unless given, one for each endpoint")
	f.BoolVar(&l.hot, "hot", false, "all callers use the same lock, semaphore or latch, instead of one each")
	f.BoolVar(&l.unary, "unary", false, "a call for each request, as clients of other languages make, instead of the stream that the "+
		"calls of a client share")
	f.IntVar(&l.permits, "permits", 1, "`number` of permits that a semaphore has")
	f.IntVar(&l.waiters, "waiters", 0, "`number` of those who wait for a latch each time it is counted down")
	f.DurationVar(&l.warmUp, "warm-up", 2*time.Second, "how long they work before anything is counted")
	f.DurationVar(&l.duration, "duration", 10*time.Second, "how long is measured")
	f.DurationVar(&l.ttl, "ttl", time.Minute, "TTL of an idle session, in whole seconds")
	f.DurationVar(&l.heartbeat, "heartbeat", 5*time.Second, "how often an idle session is renewed")
	return l
}

// check says which flag breaks its rule.
func (l *benchLoad) check(given func(flag string) bool) error {
	only := func(flag, primitive string) error {
		if given(flag) && l.primitive != primitive {
			return fmt.Errorf("%s: only with primitive %s, not with %s", flag, primitive, l.primitive)
		}
		return nil
	}
	if !slices.Contains(primitives, l.primitive) {
		last := len(primitives) - 1
		return fmt.Errorf("primitive %q: must be %s or %s", l.primitive, strings.Join(primitives[:last], ", "), primitives[last])
	}
	err := errors.Join(only("permits", primitiveSemaphore), only("waiters", primitiveLatch),
		only("ttl", primitiveSession), only("heartbeat", primitiveSession))
	switch {
	case err != nil:
		return err
	case l.callers < 1 || l.callers > maxCallers:
		return fmt.Errorf("callers %d: must be 1 to %d", l.callers, maxCallers)
	case given("clients") && (l.clients < 1 || l.clients > l.callers):
		return fmt.Errorf("clients %d: must be 1 to callers (%d)", l.clients, l.callers)
	case l.hot && l.primitive == primitiveSession:
		return errors.New("hot: not with primitive session")
	case l.permits < 1 || l.permits > 1<<31-1:
		return fmt.Errorf("permits %d: must be 1 to %d", l.permits, 1<<31-1)
	case l.waiters < 0 || l.waiters > maxWaiters:
		return fmt.Errorf("waiters %d: must be 0 to %d", l.waiters, maxWaiters)
	case l.waiters > 0 && l.hot:
		return fmt.Errorf("waiters %d: not with hot", l.waiters)
	case l.warmUp < 0:
		return fmt.Errorf("warm-up %v: must be 0s or more", l.warmUp)
	case l.duration <= 0:
		return fmt.Errorf("duration %v: must be more than 0s", l.duration)
	case l.ttl < 2*time.Second || l.ttl > maxTTL || l.ttl%time.Second != 0:
		return fmt.Errorf("ttl %v: must be whole seconds, 2s to %v", l.ttl, maxTTL)
	case l.heartbeat <= 0 || l.heartbeat >= l.ttl:
		return fmt.Errorf("heartbeat %v: must be more than 0s and below ttl (%v)", l.heartbeat, l.ttl)
	}
	return nil
}
