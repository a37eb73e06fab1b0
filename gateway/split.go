package gateway

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// sniffTime is how long a new connection may take to say what it wants, a handshake of TLS included.
	sniffTime = 10 * time.Second
	// acceptPause is waited when a connection can't be accepted, as when no file descriptors are left.
	acceptPause = 50 * time.Millisecond
)

// splitter hands every connection of one listener to gRPC or to HTTP. Each of them gets the connection itself
// and not a request: gRPC on its own transport takes twice the calls of gRPC behind net/http.
type splitter struct {
	listener   net.Listener
	tls        *tls.Config // nil for plain text
	grpc, http *inbox
	log        *slog.Logger
	closing    chan struct{}
	tasks      sync.WaitGroup

	mu    sync.Mutex
	conns map[*conn]struct{} // all that are open
	hung  bool
}

func newSplitter(l net.Listener, tls *tls.Config, log *slog.Logger) *splitter {
	return &splitter{
		listener: l, tls: tls, grpc: newInbox(l.Addr()), http: newInbox(l.Addr()), log: log,
		closing: make(chan struct{}), conns: map[*conn]struct{}{},
	}
}

// run accepts connections until stop.
func (s *splitter) run() {
	for {
		c, err := s.listener.Accept()
		if err == nil {
			s.tasks.Go(func() { s.route(s.track(c)) })
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		s.log.Warn("a connection was not accepted", "error", err)
		select {
		case <-time.After(acceptPause):
		case <-s.closing:
			return
		}
	}
}

// stop takes no more connections. Those handed over stay.
func (s *splitter) stop() {
	close(s.closing)
	_ = s.listener.Close() // nothing is left to be done about an error
}

// hangUp ends every connection that is still open, of clients that have said nothing yet, or won't leave.
func (s *splitter) hangUp() {
	s.mu.Lock()
	s.hung = true
	left := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range left {
		c.drop()
	}
	s.tasks.Wait()
}

func (s *splitter) route(c *conn) {
	sniff := &sniffer{conn: c.Conn}
	_ = c.SetDeadline(time.Now().Add(sniffTime))
	grpc, err := false, c.handshake()
	if err == nil {
		grpc, err = sniff.grpc()
	}
	if err != nil {
		s.log.Debug("a connection was turned away", "client", c.RemoteAddr().String(), "error", err)
		c.turnAway(err)
		return
	}
	_ = c.SetDeadline(time.Time{})
	c.from = io.MultiReader(&sniff.said, c.Conn)
	if grpc {
		s.grpc.put(c)
		return
	}
	if sniff.settings > 0 {
		c.from = newAckFilter(c.from, sniff.settings)
	}
	s.http.put(c)
}

func (s *splitter) track(nc net.Conn) *conn {
	c := &conn{Conn: nc, raw: nc, owner: s}
	if s.tls != nil {
		c.Conn = tls.Server(nc, s.tls)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	if s.hung {
		_ = nc.Close() // it came too late for hangUp; whoever reads from it gets the error
	}
	return c
}

// conn is an accepted connection that reads again what was sniffed.
type conn struct {
	net.Conn          // *tls.Conn where the port has TLS
	raw      net.Conn // as it was accepted
	from     io.Reader
	owner    *splitter
}

func (c *conn) Read(p []byte) (int, error) { return c.from.Read(p) }

func (c *conn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// drop closes without a farewell, for which a client that does not read would have to be awaited.
func (c *conn) drop() {
	c.forget()
	_ = c.raw.Close()
}

func (c *conn) forget() {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	delete(c.owner.conns, c)
}

// inbox is a listener whose connections are accepted elsewhere.
type inbox struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newInbox(addr net.Addr) *inbox {
	i := &inbox{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
	i.close = sync.OnceFunc(func() { close(i.done) })
	return i
}

func (i *inbox) put(c net.Conn) {
	select {
	case i.conns <- c:
	case <-i.done:
		_ = c.Close()
	}
}

func (i *inbox) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.done:
		return nil, net.ErrClosed
	}
}

func (i *inbox) Addr() net.Addr { return i.addr }

func (i *inbox) Close() error { i.close(); return nil }
