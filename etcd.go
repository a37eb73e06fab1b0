package cpgate

import (
	"context"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/gateway"
	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/remote"
)

// etcd is what a node runs on: a member of its own, or a cluster elsewhere.
type etcd interface {
	// NewClient returns a client that shares nothing with others. Close it before the etcd.
	NewClient() (*clientv3.Client, error)
	Leases() pb.LeaseClient
	Access() access.Control
	// Backend is what the gateway serves of it, and closes.
	Backend() (gateway.Backend, error)
	// Reign is another number with every new leader, and 0 while none is known.
	Reign() uint64
	// HandOver lets another member lead, if the node's own one leads and there is another.
	HandOver(ctx context.Context) error
	// Place says where what the node serves is kept.
	Place() string
	// Failed gets one error when it is lost for good.
	Failed() <-chan error
	Close() error
}

// startEtcd returns when the node's etcd can serve. n listens already.
func (n *Node) startEtcd(ctx context.Context, c Config) (etcd, error) {
	if !c.votes() {
		r, err := c.remote()
		if err != nil {
			return nil, err
		}
		cluster, err := remote.Open(ctx, r)
		if err != nil {
			return nil, err
		}
		return others{cluster}, nil
	}
	if err := c.checkTokenKeys(); err != nil {
		return nil, err
	}
	cluster, err := c.cluster()
	if err != nil {
		return nil, err
	}
	if c.Rejoin && !embedded.HasState(c.DataDir) {
		if cluster, err = c.rejoin(ctx, cluster); err != nil {
			return nil, err
		}
	}
	m, err := embedded.Start(ctx, embedded.Config{
		Name: c.Name, DataDir: c.DataDir, Cluster: cluster, ClientURL: c.scheme() + "://" + n.advertised(c), AuthToken: c.AuthToken,
		QuotaBytes: int64(c.QuotaBytes), Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	return own{m, c.DataDir}, nil
}

// own is a member of the node's own. What its services ask of it goes no way at all.
type own struct {
	*embedded.Member
	folder string
}

func (o own) NewClient() (*clientv3.Client, error) { return o.NewFollower(), nil }

func (o own) Backend() (gateway.Backend, error) {
	return gateway.NewMember(o.Server(), o.NewCallers()), nil
}

func (o own) Reign() uint64 { return o.Leader() }

func (o own) Place() string { return "data in " + o.folder }

// others is a cluster elsewhere.
type others struct{ *remote.Cluster }

func (o others) Backend() (gateway.Backend, error) {
	caller, err := o.NewNobody(gateway.CallerOptions()...)
	if err != nil {
		return nil, err
	}
	return gateway.NewRemote(gateway.RemoteConfig{Own: o.Client(), Caller: caller, Ready: o.Ready}), nil
}

func (o others) HandOver(context.Context) error { return nil }

func (o others) Place() string { return "etcd at " + strings.Join(o.Endpoints(), ", ") }
