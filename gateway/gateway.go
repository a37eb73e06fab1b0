package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/access"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

const (
	// farewell is how long a stop waits for answers to leave before it hangs up.
	farewell = 500 * time.Millisecond
	// stopLimit is how long a stop may take in all.
	stopLimit = 2 * time.Second
)

var errStillRunning = fmt.Errorf("stopping the gateway: calls still run after %v", stopLimit)

// Config is what a gateway serves. Every field must be set, save TLS.
type Config struct {
	// Listener is the port, already bound. The gateway closes it.
	Listener net.Listener
	// TLS is that of the port; nil for plain text.
	TLS *tls.Config
	// Access says who callers are and what they may do.
	Access access.Control
	// Backend is the etcd whose own services are served beside ours. Stop closes it.
	Backend    Backend
	Sessions   *session.Keeper
	Locks      *fencedlock.Locks
	Semaphores *semaphore.Semaphores
	Latches    *countdownlatch.Latches
	// Ready returns nil while calls can be answered, else why not.
	Ready  func() error
	Logger *slog.Logger
}

// Gateway is one served port.
type Gateway struct {
	split    *splitter
	grpc     *grpc.Server
	http     *http.Server
	loopback *bufconn.Listener
	conn     *grpc.ClientConn // to grpc, over loopback
	backend  Backend
	streams  *streams
	requests sync.RWMutex // read-locked by every HTTP request that runs
	tasks    sync.WaitGroup
	cancel   context.CancelFunc
}

// New serves the port until Stop.
func New(c Config) (*Gateway, error) {
	ready := readiness(c.Backend, c.Ready)
	all := newCalls(newGate(c), c.Logger)
	all.add(cpgatev1.AuthService_ServiceDesc, &authService{access: c.Access, ready: c.Ready})
	all.add(cpgatev1.SessionService_ServiceDesc, &sessionService{keeper: c.Sessions})
	all.add(cpgatev1.FencedLockService_ServiceDesc, &lockService{locks: c.Locks, keeper: c.Sessions})
	all.add(cpgatev1.SemaphoreService_ServiceDesc, &semaphoreService{semaphores: c.Semaphores, keeper: c.Sessions})
	all.add(cpgatev1.CountDownLatchService_ServiceDesc, &latchService{latches: c.Latches})
	streams := newStreams(all, c.Sessions)
	h := newHealth(append(all.names(), cpgatev1.StreamService_ServiceDesc.ServiceName), ready)
	g := &Gateway{
		split:    newSplitter(c.Listener, c.TLS, c.Logger),
		grpc:     newGRPC(c.Backend, all, streams, h),
		streams:  streams,
		loopback: bufconn.Listen(loopbackBuffer),
		backend:  c.Backend,
	}
	if err := g.build(c, all, ready); err != nil {
		g.grpc.Stop()
		c.Backend.close()
		return nil, err
	}
	g.serve(h)
	return g, nil
}

func (g *Gateway) build(c Config, all *calls, ready func() error) (err error) {
	if g.conn, err = dialLoopback(g.loopback); err != nil {
		return err
	}
	s := &site{pages: newPages(c.Backend, ready)}
	if s.etcd, err = newEtcdJSON(g.conn, c.Logger); err != nil {
		return err
	}
	if s.rest, err = newREST(all); err != nil {
		return fmt.Errorf("registering REST: %w", err)
	}
	g.http = newHTTP(g.counted(s), c.Logger)
	return nil
}

// counted lets Stop wait for the requests that run.
func (g *Gateway) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.requests.RLock()
		defer g.requests.RUnlock()
		next.ServeHTTP(w, r)
	})
}

func (g *Gateway) serve(h *health) {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.tasks.Go(func() { h.watch(ctx) })
	g.tasks.Go(g.split.run)
	g.tasks.Go(func() { _ = g.grpc.Serve(g.split.grpc) }) // these three end when Stop makes them
	g.tasks.Go(func() { _ = g.grpc.Serve(g.loopback) })
	g.tasks.Go(func() { _ = g.http.Serve(g.split.http) })
}

// Addr is where the port is bound.
func (g *Gateway) Addr() net.Addr { return g.split.listener.Addr() }

// Leave tells clients on streams that Stop follows: their next calls may go elsewhere.
func (g *Gateway) Leave() { g.streams.leaving.give() }

// Stop takes no more calls, lets answers that are ready leave for half a second, hangs up, and returns when
// nothing runs any more: well within a second, unless calls won't end, and within two at the most. End the waits before, or they end with CANCELLED. The error says that
// something still runs. Stop once.
func (g *Gateway) Stop() error {
	g.split.stop()
	g.cancel()
	g.streams.stopping.give()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.sayFarewell()
		g.hangUp()
	}()
	select {
	case <-done:
		return nil
	case <-time.After(stopLimit):
		return errStillRunning
	}
}

func (g *Gateway) sayFarewell() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() { _ = g.http.Shutdown(ctx) })
	both.Go(g.grpc.GracefulStop)
	said := make(chan struct{})
	go func() {
		defer close(said)
		both.Wait()
	}()
	select {
	case <-said:
	case <-ctx.Done():
		g.backend.close() // frees calls that hang in it
		g.grpc.Stop()
		<-said
	}
}

func (g *Gateway) hangUp() {
	_ = g.http.Close()
	g.backend.close()
	g.split.hangUp()
	_ = g.conn.Close()
	_ = g.loopback.Close()
	g.requests.Lock() // waits for the last one
	defer g.requests.Unlock()
	g.tasks.Wait()
}
