package embedded

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/lease"
)

// redialPause is how soon behind one pipeline the next may be begun to the same peer.
const redialPause = time.Second

// forward renews leases. A member that does not lead has to ask the leader, to which etcd makes an HTTP request of its own
// for each lease. Here they go to the same place over one connection, one behind the other without waiting for the
// answers, as HTTP/1.1 has it: those that come together wake either side once. Whatever fails is left to etcd.
type forward struct {
	leader func() (peer string) // the URL of its peer port; empty for this member, and for none
	etcd   func(context.Context, lease.LeaseID) (ttl int64, err error)
	tls    *tls.Config     // nil: peers don't encrypt
	ctx    context.Context // ends with the member
	cancel context.CancelFunc
	tasks  sync.WaitGroup // added to with mu, before ctx ends

	mu   sync.Mutex
	last *pipeline // nil before the first
}

func newForward(s *etcdserver.EtcdServer, peers *tls.Config) *forward {
	f := &forward{etcd: s.LeaseRenew, tls: peers}
	f.leader = func() string {
		m := s.Cluster().Member(s.Leader())
		if m == nil || m.ID == s.MemberID() || len(m.PeerURLs) == 0 {
			return ""
		}
		return m.PeerURLs[0]
	}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// peerTLS is what a member asks the others with; nil where they don't encrypt.
func peerTLS(i transport.TLSInfo) (*tls.Config, error) {
	if i.Empty() {
		return nil, nil
	}
	return i.ClientConfig()
}

func (f *forward) renew(ctx context.Context, id lease.LeaseID) (ttl int64, err error) {
	if peer := f.leader(); peer != "" {
		if p := f.to(peer); p != nil {
			if ttl, err = p.renew(ctx, id); err == nil || errors.Is(err, lease.ErrLeaseNotFound) {
				return ttl, err
			}
		}
	}
	return f.etcd(ctx, id)
}

// to returns the pipeline to a peer; nil where there is none to be had just now.
func (f *forward) to(peer string) *pipeline {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return nil
	}
	switch p := f.last; {
	case p == nil:
	case p.peer != peer:
		p.end(errors.New("there is another leader"))
	case p.ctx.Err() == nil:
		return p
	case time.Since(p.begun) < redialPause:
		return nil
	}
	p := newPipeline(f.ctx, peer)
	f.last = p
	f.tasks.Go(func() { p.run(f.tls) })
	return p
}

// close returns when nothing is under way any more.
func (f *forward) close() {
	f.mu.Lock()
	f.cancel()
	f.mu.Unlock()
	f.tasks.Wait()
}
