package client

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// shortCall bounds one attempt of a call that is answered at once; a server that is silent for longer is passed
// over.
const shortCall = 3 * time.Second

// Client is a session with a cluster and the connections it needs. It is safe for use by many goroutines; one per
// process is the usual number. While it has very many holds and waits, more than one session has place for, it
// opens further ones.
type Client struct {
	cfg       Config
	endpoints *endpoints
	ctx       context.Context // ends with cause ErrClosed
	end       context.CancelCauseFunc
	none      *session // stands in where a call needs no session

	// opening has room for the one goroutine that opens a session.
	opening chan struct{}
	openID  string // request id of an opening not yet answered; owned by whoever is in opening

	mu       sync.Mutex
	sessions []*session // those not known to be lost; an owner's is the first that may be trusted
	closed   bool
	running  sync.WaitGroup // what spawn started and begin counted in; guarded against Close by closed

	closing  sync.Once
	closeErr error
}

// New makes a client of the cluster at these endpoints (host:port), in plain text and with the server's default
// session TTL. See NewWith.
func New(endpoints ...string) (*Client, error) {
	return NewWith(Config{Endpoints: endpoints})
}

// NewWith makes a client. It connects to nothing: it fails on a Config that can't be right, never because a
// server is down. The first call that needs a session opens it; SessionID does only that, for a program that wants to
// know at its start whether the cluster answers.
func NewWith(cfg Config) (*Client, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	c := &Client{cfg: cfg, opening: make(chan struct{}, 1)}
	if c.endpoints, err = newEndpoints(cfg, hearer{sessionEnded: c.ended, holdLost: c.lost}); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	c.none = newNone(c)
	return c, nil
}

// SessionID gives the id of the client's first session, 1 to 16 hex digits, and opens one when there is none or
// the last one is lost. It waits for a server to answer until ctx ends.
func (c *Client) SessionID(ctx context.Context) (string, error) {
	s, err := c.enter(ctx, true)
	if err != nil {
		return "", err
	}
	s.exit()
	return s.id, nil
}

// spawn runs f beside its caller; Close waits for it. On a closed client it runs nothing and answers false.
func (c *Client) spawn(f func()) bool {
	if !c.begin() {
		return false
	}
	defer c.running.Done()
	c.running.Go(f)
	return true
}

// begin counts a piece of work in, until running.Done; Close waits for it, and for what it starts by running.Go. On a
// closed client it answers false.
func (c *Client) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.running.Add(1)
	}
	return !c.closed
}
