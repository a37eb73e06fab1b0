// Package cpgate is a whole node as a value: an embedded etcd member, the primitives on it, and the one port that
// serves them over gRPC and REST beside etcd's own API. Start it, use its Addr, Close it; a test can start exactly
// what a user runs.
package cpgate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/gateway"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// leaveTimeout bounds the good-bye of a node that stops. Unsaid, its marker expires by itself.
const leaveTimeout = 500 * time.Millisecond

// Node is a running node.
type Node struct {
	listener net.Listener
	member   *embedded.Member
	mirror   *clientv3.Client // the mirror's own
	foreign  *clientv3.Client // etcd's lock and election services' own: what befalls them stays there
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
	if n.listener, err = net.Listen("tcp", c.Listen); err != nil { // first: a port in use leaves no data folder behind
		return fmt.Errorf("listen %q: %w", c.Listen, err)
	}
	cluster, err := c.cluster()
	if err != nil {
		return err
	}
	n.member, err = embedded.Start(ctx, embedded.Config{
		Name: c.Name, DataDir: c.DataDir, Cluster: cluster, ClientURL: "http://" + n.advertised(c), Logger: c.Logger,
	})
	if err != nil {
		return err
	}
	n.mirror, n.foreign = n.member.NewClient(), n.member.NewClient()
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
		Leases:   adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(n.member.Server())),
		TTL:      time.Duration(c.SessionTTLSeconds) * time.Second,
		Interval: time.Duration(c.SessionHeartbeatIntervalSeconds) * time.Second,
	})
	if n.presence, err = sessions.Announce(ctx, n.store.Gateway, n.Addr()); err != nil {
		return fmt.Errorf("announcing the gateway: %w", err)
	}
	limits, err := fencedlock.ParseLimits(c.LockAcquireLimit)
	if err != nil {
		return err
	}
	locks := fencedlock.New(n.store, sessions, limits)
	semaphores := semaphore.New(n.store, sessions)
	ctx, n.cancel = context.WithCancel(context.Background())
	n.tasks.Go(func() { n.attendQuorum(ctx) })
	n.tasks.Go(func() { locks.Sweep(ctx) })
	n.tasks.Go(func() { semaphores.Sweep(ctx) })
	n.gateway, err = gateway.New(gateway.Config{
		Listener: n.listener, Server: n.member.Server(), LockClient: n.foreign,
		Sessions: sessions, Locks: locks, Semaphores: semaphores, Latches: countdownlatch.New(n.store),
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

// quorumEvery is how late the node may notice that its member has lost the others, or has them back.
const quorumEvery = 20 * time.Millisecond

// attendQuorum ends the calls when the member is cut off from the others, so that their callers go elsewhere, and lets
// them ask again when what they asked may have died with a leader.
func (n *Node) attendQuorum(ctx context.Context) {
	tick := time.NewTicker(quorumEvery)
	defer tick.Stop()
	for last := uint64(0); ; {
		switch leader := n.member.Leader(); {
		case leader == 0:
			n.store.Suspend()
		case leader != last:
			last = leader
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

// Failed returns a channel that receives why, should the node's member stop by itself.
func (n *Node) Failed() <-chan error { return n.member.Failed() }

// Close stops the node, within three seconds and whoever waits: calls end with UNAVAILABLE, and what waits in line
// keeps its place for a retry. The data folder starts again. Closing twice is no error.
func (n *Node) Close() error {
	n.once.Do(func() { n.closed = n.stop() })
	return n.closed
}

// stop undoes start from the outside in, as far as it came.
func (n *Node) stop() error {
	var errs []error
	n.cancel()
	n.tasks.Wait()
	if n.presence != nil {
		ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
		defer cancel()
		_ = n.presence.Leave(ctx)
	}
	if n.store != nil {
		n.store.Close() // ends the waits, so that the gateway has none left to drain
	}
	if n.gateway != nil {
		errs = append(errs, n.gateway.Stop())
	}
	for _, c := range []*clientv3.Client{n.mirror, n.foreign} {
		if c != nil {
			_ = c.Close() // an in-process client has no connection: it only answers that it is closed
		}
	}
	if n.member != nil {
		errs = append(errs, n.member.Close())
	}
	if n.listener != nil {
		if err := n.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
