// Package remote is an etcd cluster that runs elsewhere: somebody's own, or the voters of the cluster that a node is a
// standby of. It finds the cluster, connects to it, and asks it twice a second whether it has a leader. It keeps nothing
// on disk and writes nothing; whoever has its clients does.
//
//   - cluster.go: open, connect, close. explain.go: why that fails. leader.go: the question, and what follows from the answer.
//   - voters.go: where the voters are, as their peer ports tell. leases.go, renewals.go: renewals over one stream.
//   - access.go, caller.go: who callers are and what they may do. credentials.go: what they show. tokens.go: whose tokens
//     are. users.go, rights.go: what a user may do. asking.go: questions that many share, until they are answered.
package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

const (
	// connectTimeout bounds the wait for a user's token.
	connectTimeout = 2 * time.Second
	// openPause is between two tries to reach the cluster at the start.
	openPause = 200 * time.Millisecond
	// pingEvery and pingTimeout find out that a connection is dead, as fast as gRPC allows.
	pingEvery   = 10 * time.Second
	pingTimeout = 2 * time.Second
	// maxRequestBytes is more than any etcd takes: how much is too much is for it to say.
	maxRequestBytes = 16 << 20
)

// Cluster is a cluster that was reached. Its methods may be called from any goroutine.
type Cluster struct {
	config Config
	client *clientv3.Client // asks for the leader; and leases, which know no watch
	leases *leases
	access *control
	tokens tokens // that etcd has given out through this node
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	failed chan error

	mu        sync.Mutex
	clients   []*clientv3.Client // that were made, client among them
	endpoints []string
	id        uint64 // of the cluster
	revision  int64  // the last that ask has seen
	term      uint64 // the highest Raft term
	lost      error  // why there is no leader; nil while there is one
}

// Open returns when the cluster has answered, for which it waits until ctx is done. It does not wait when the
// cluster turns the user away.
func Open(ctx context.Context, c Config) (*Cluster, error) {
	r := &Cluster{config: c.withDefaults(), endpoints: c.Endpoints, cancel: func() {}, failed: make(chan error, 1)}
	for told := false; ; told = true {
		err := r.reach(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		if ctx.Err() != nil || hopeless(err) {
			return nil, errors.Join(fmt.Errorf("reaching etcd: %w", r.explain(err)), r.Close())
		}
		if !told {
			r.config.Logger.Warn("waiting for etcd", "at", r.places(), "error", r.explain(err))
		}
		select {
		case <-time.After(openPause):
		case <-ctx.Done():
		}
	}
	r.leases = newLeases(r.client.ActiveConnection())
	ctx, r.cancel = context.WithCancel(context.Background())
	var err error
	if r.access, err = newControl(ctx, r); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.tasks.Go(func() { r.attend(ctx) })
	if r.finds() {
		r.tasks.Go(func() { r.follow(ctx) })
	}
	return r, nil
}

// reach tries once to get an answer from the cluster.
func (r *Cluster) reach(ctx context.Context) (err error) {
	if r.finds() {
		if err := r.find(ctx); err != nil {
			return err
		}
	}
	if r.client == nil {
		if r.client, err = r.NewClient(); err != nil {
			return err
		}
	}
	return r.ask(ctx)
}

// hopeless reports errors that no waiting helps against.
func hopeless(err error) bool {
	for _, e := range []error{
		rpctypes.ErrAuthFailed, rpctypes.ErrPermissionDenied, rpctypes.ErrUserEmpty, rpctypes.ErrUserNotFound, errNoTLS,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// NewClient returns a client with connections of its own, which follows the cluster where it moves. The caller
// closes it.
func (r *Cluster) NewClient() (*clientv3.Client, error) {
	return r.newClient(r.config.User, r.config.Password)
}

// NewNobody is NewClient without a user: what goes over it has the rights of whoever's token the options put in. Whoever
// is given a token over it is known by it from then on.
func (r *Cluster) NewNobody(options ...grpc.DialOption) (*clientv3.Client, error) {
	return r.newClient("", "", append(options, grpc.WithChainUnaryInterceptor(r.tokens.learn))...)
}

func (r *Cluster) newClient(user, password string, options ...grpc.DialOption) (*clientv3.Client, error) {
	c, err := clientv3.New(clientv3.Config{
		Endpoints: r.Endpoints(), TLS: r.config.TLS, Username: user, Password: password, DialOptions: options,
		DialTimeout: connectTimeout, DialKeepAliveTime: pingEvery, DialKeepAliveTimeout: pingTimeout,
		MaxCallSendMsgSize: maxRequestBytes,
		Logger:             zap.NewNop(), // what it warns of, the cluster says once
	})
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.SetEndpoints(r.endpoints...) // they may have moved meanwhile
	r.clients = slices.DeleteFunc(r.clients, func(c *clientv3.Client) bool { return c.Ctx().Err() != nil })
	r.clients = append(r.clients, c)
	return c, nil
}

// Client is the cluster's own client, not to be closed and not to be watched with.
func (r *Cluster) Client() *clientv3.Client { return r.client }

// Leases speaks to the cluster's lease service.
func (r *Cluster) Leases() pb.LeaseClient { return adapter.LeaseServerToLeaseClient(r.leases) }

// Endpoints are where the cluster serves its clients, as far as is known.
func (r *Cluster) Endpoints() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.endpoints)
}

// places are where the cluster is looked for.
func (r *Cluster) places() []string {
	if r.finds() {
		return r.config.Peers
	}
	return r.config.Endpoints
}

// Failed gets one error when another etcd answers at the endpoints, or the same with its data gone: what was true before
// is not any more.
func (r *Cluster) Failed() <-chan error { return r.failed }

// Close closes the connections that Open has made. Closing again is no error.
func (r *Cluster) Close() error {
	r.cancel()
	r.tasks.Wait()
	if r.leases != nil {
		r.leases.renewal.close()
	}
	if r.access != nil {
		_ = r.access.nobody.Close()
	}
	if r.client != nil {
		_ = r.client.Close() // it has nothing to say but that it is closed
	}
	return nil
}
