package client

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// endpoints are the servers of one cluster, with one connection each; calls go to the current one. A balancer
// inside gRPC would not do: it moves on when a connection breaks, but here an answer (UNAVAILABLE) also has to
// send the next attempt elsewhere, for certain.
type endpoints struct {
	login *login
	mu    sync.Mutex
	all   []*endpoint
	now   int
	dial  func(addr string, hear hearer) (*grpc.ClientConn, error)
	log   *slog.Logger
	hear  hearer // what it is told of goes on to it; of a server that goes away the endpoints are told themselves
}

// endpoint is one server. Its fields are guarded by the mutex of its endpoints.
type endpoint struct {
	addr  string
	conn  *grpc.ClientConn
	busy  int
	heard time.Time // when it last answered anything
}

// link is one call's use of an endpoint's connection, from use to done.
type link struct {
	to   *endpoint
	conn *grpc.ClientConn
}

// newEndpoints connects to nothing yet; it fails on an address that is not host:port.
func newEndpoints(cfg Config, hear hearer) (*endpoints, error) {
	e := &endpoints{login: newLogin(cfg.User, cfg.Password), dial: cfg.dial, log: cfg.Logger, hear: hear}
	for _, addr := range cfg.Endpoints {
		conn, err := e.dialChecked(addr)
		if err != nil {
			e.close()
			return nil, err
		}
		e.all = append(e.all, &endpoint{addr: addr, conn: conn})
	}
	return e, nil
}

func (e *endpoints) dialChecked(addr string) (*grpc.ClientConn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" || strings.Contains(host, "/") {
		return nil, fmt.Errorf("endpoint %q: want host:port, like 127.0.0.1:2379", addr)
	}
	conn, err := e.dial(addr, e.hearer(addr))
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", addr, err)
	}
	return conn, nil
}

// use gives the current endpoint to one call, which has to end it with done.
func (e *endpoints) use() link {
	e.mu.Lock()
	defer e.mu.Unlock()
	to := e.all[e.now]
	to.busy++
	return link{to, to.conn}
}

// done ends the use of l; answered says whether the server had anything to say.
func (e *endpoints) done(l link, answered bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l.to.busy--
	if answered {
		l.to.heard = time.Now()
	}
}

// moveOn makes the endpoint after l's the current one, unless another call did so before.
func (e *endpoints) moveOn(l link, because error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all[e.now] == l.to {
		e.now = (e.now + 1) % len(e.all)
		e.log.Debug("endpoint does not answer", "endpoint", l.to.addr, "next", e.all[e.now].addr, "err", because)
	}
}

// hearer hears what the server at addr has to say. That it goes away makes the next endpoint the current one: what is under
// way ends there soon enough.
func (e *endpoints) hearer(addr string) hearer {
	hear := e.hear
	hear.goingAway = func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.all[e.now].addr == addr {
			e.now = (e.now + 1) % len(e.all)
			e.log.Debug("endpoint goes away", "endpoint", addr, "next", e.all[e.now].addr)
		}
	}
	return hear
}

// drop replaces l's connection, which left a request without an answer for too long though it is not broken. Every
// call on it ends, and goes on elsewhere under its request id; so a server that is only slow, and answered other
// calls since that request was sent, is spared.
func (e *endpoints) drop(l link, sent time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.to.conn != l.conn || l.to.heard.After(sent) {
		return
	}
	if fresh, err := e.dial(l.to.addr, e.hearer(l.to.addr)); err == nil {
		l.to.conn = fresh
		closeQuietly(l.conn)
	}
}

// others gives a link to each endpoint, besides the current one, that still has calls in flight.
func (e *endpoints) others() []link {
	e.mu.Lock()
	defer e.mu.Unlock()
	var links []link
	for i, to := range e.all {
		if i != e.now && to.busy > 0 {
			links = append(links, link{to, to.conn})
		}
	}
	return links
}

func (e *endpoints) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, to := range e.all {
		closeQuietly(to.conn)
	}
}

// closeQuietly closes c, which fails only when it is closed already.
func closeQuietly(c *grpc.ClientConn) { _ = c.Close() }
