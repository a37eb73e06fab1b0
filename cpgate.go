// Package cpgate is a whole node as a value: an embedded etcd member, or the way to one elsewhere, the primitives on
// it, and the one port that serves them over gRPC and REST beside etcd's own API. Start it, use its Addr, Close it; a
// test can start exactly what a user runs.
package cpgate

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/gateway"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

const (
	// handOverTimeout bounds how long a leader that stops waits for another one. Without, the others elect one.
	handOverTimeout = time.Second
	// leaveTimeout bounds the good-bye of a node that stops. Unsaid, its marker expires by itself.
	leaveTimeout = 500 * time.Millisecond
)

// Node is a running node.
type Node struct {
	listener net.Listener
	tls      *tls.Config // of the port, nil for plain text
	etcd     etcd
	mirror   *clientv3.Client // the mirror's own
	store    *store.Store
	presence *session.Presence
	gateway  *gateway.Gateway
	cancel   context.CancelFunc // ends the tasks
	tasks    sync.WaitGroup
	once     sync.Once
	closed   error
}

// Start starts a node and returns when it can serve. After an error nothing of it is left running.
func Start(ctx context.Context, c Config) (*Node, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Node{cancel: func() {}}
	if err := n.start(ctx, c); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) start(ctx context.Context, c Config) (err error) {
	if n.tls, err = c.portTLS(); err != nil {
		return err
	}
	if n.listener, err = net.Listen("tcp", c.Listen); err != nil { // first: a port in use leaves no data folder behind
		return fmt.Errorf("listen %q: %w", c.Listen, err)
	}
	if n.etcd, err = n.startEtcd(ctx, c); err != nil {
		return err
	}
	if n.mirror, err = n.etcd.NewClient(); err != nil {
		return err
	}
	n.store, err = store.Open(ctx, store.Config{
		Client: n.mirror, Space: keys.NewSpace(c.Prefix), Gateway: rand.Text()[:8], Grace: c.RetryGrace, Logger: c.Logger,
	})
	if err != nil {
		return err
	}
	return n.serve(ctx, c)
}

// serve puts the primitives on the store and opens the gateway to them.
func (n *Node) serve(ctx context.Context, c Config) (err error) {
	sessions := session.NewKeeper(session.Config{
		Store:    n.store,
		Leases:   n.etcd.Leases(),
		TTL:      time.Duration(c.SessionTTLSeconds) * time.Second,
		Interval: time.Duration(c.SessionHeartbeatIntervalSeconds) * time.Second,
	})
	if n.presence, err = sessions.Announce(ctx, n.store.Gateway, n.advertised(c)); err != nil {
		return fmt.Errorf("announcing the gateway: %w", err)
	}
	limits, err := fencedlock.ParseLimits(c.LockAcquireLimit)
	if err != nil {
		return err
	}
	locks := fencedlock.New(n.store, sessions, limits)
	semaphores := semaphore.New(n.store, sessions)
	ctx, n.cancel = context.WithCancel(context.Background())
	reign := n.etcd.Reign() // before anybody can ask for anything that would end with another one
	n.tasks.Go(func() { n.attendQuorum(ctx, reign) })
	n.tasks.Go(func() { locks.Sweep(ctx) })
	n.tasks.Go(func() { semaphores.Sweep(ctx) })
	backend, err := n.etcd.Backend()
	if err != nil {
		return err
	}
	n.gateway, err = gateway.New(gateway.Config{
		Listener: n.listener, TLS: n.tls, Access: n.etcd.Access(), Backend: backend,
		Sessions: sessions, Locks: locks, Semaphores: semaphores, Latches: countdownlatch.New(n.store, sessions),
		Ready: n.store.Ready, Logger: c.Logger,
	})
	return err
}

// advertised is where clients are told to reach the node.
func (n *Node) advertised(c Config) string {
	if c.Advertise != "" {
		return c.Advertise
	}
	return n.Addr()
}

// quorumEvery is how late the node may notice that its etcd has no leader any more, or has one again.
const quorumEvery = 20 * time.Millisecond

// attendQuorum ends the calls when there is no leader in sight, so that their callers go elsewhere, and lets
// them ask again when what they asked may have died with a leader: any but last, under whom it began.
func (n *Node) attendQuorum(ctx context.Context, last uint64) {
	tick := time.NewTicker(quorumEvery)
	defer tick.Stop()
	for {
		switch reign := n.etcd.Reign(); {
		case reign == 0:
			n.store.Suspend()
		case reign != last:
			last = reign
			n.store.Resume()
			n.store.Reign()
		default:
			n.store.Resume()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Addr returns the host:port that the node serves at.
func (n *Node) Addr() string { return n.listener.Addr().String() }

// Backing says in a few words where what the node serves is kept: "data in cpgate.data", "etcd at a:2379, b:2379".
func (n *Node) Backing() string { return n.etcd.Place() }

// Failed returns a channel that receives why, should the node's member stop by itself, or another cluster take the
// place of the one that the node serves.
func (n *Node) Failed() <-chan error { return n.etcd.Failed() }

// Close stops the node, within five seconds and whoever waits: calls end with UNAVAILABLE, and what waits in line
// keeps its place for a retry. The data folder starts again. Closing twice is no error.
func (n *Node) Close() error {
	n.once.Do(func() { n.closed = n.stop() })
	return n.closed
}

// stop hands the leadership over while calls still go on, so that they miss none, and then undoes start from the
// outside in, as far as it came.
func (n *Node) stop() error {
	var errs []error
	if n.gateway != nil {
		n.gateway.Leave()
	}
	if n.etcd != nil {
		_ = within(handOverTimeout, n.etcd.HandOver)
	}
	n.cancel()
	if n.presence != nil {
		_ = within(leaveTimeout, n.presence.Leave)
	}
	if n.store != nil {
		n.store.Close() // ends the waits, so that the gateway has none left to drain
	}
	n.tasks.Wait() // what they ask of etcd has ended with the store
	if n.gateway != nil {
		errs = append(errs, n.gateway.Stop())
	}
	if n.mirror != nil {
		_ = n.mirror.Close() // it only answers that it is closed
	}
	if n.etcd != nil {
		errs = append(errs, n.etcd.Close())
	}
	if n.listener != nil {
		if err := n.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// within bounds f by a time.
func within(limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return f(ctx)
}
