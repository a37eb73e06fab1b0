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

// redialPause is how long a line that has ended is not replaced.
const redialPause = time.Second

// forward renews leases. A member that does not lead has to ask the leader, to which etcd makes an HTTP request of its own
// for each lease. Here they go to the same place over one connection, one behind the other without waiting for the
// answers, as HTTP/1.1 has it: those that come together wake either side once. Whatever fails is left to etcd.
type forward struct {
	server *etcdserver.EtcdServer
	tls    *tls.Config // nil: peers don't encrypt

	mu   sync.Mutex
	line *line // the last one, nil before the first
}

// peerTLS is what a member asks the others with; nil where they don't encrypt.
func peerTLS(i transport.TLSInfo) (*tls.Config, error) {
	if i.Empty() {
		return nil, nil
	}
	return i.ClientConfig()
}

func (f *forward) renew(ctx context.Context, id lease.LeaseID) (ttl int64, err error) {
	if l := f.current(); l != nil {
		if ttl, err = l.renew(ctx, id); err == nil || errors.Is(err, lease.ErrLeaseNotFound) {
			return ttl, err
		}
	}
	return f.server.LeaseRenew(ctx, id)
}

// current returns the line to the leader; nil where there is none to be had, or none needed.
func (f *forward) current() *line {
	leader := f.server.Cluster().Member(f.server.Leader())
	if leader == nil || leader.ID == f.server.MemberID() || len(leader.PeerURLs) == 0 {
		return nil
	}
	return f.to(leader.PeerURLs[0])
}

func (f *forward) to(peer string) *line {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch l := f.line; {
	case l == nil:
	case l.peer != peer:
		l.end(errors.New("there is another leader"))
	case l.ctx.Err() == nil:
		return l
	case time.Since(l.since) < redialPause:
		return nil
	}
	f.line = newLine(peer)
	go f.line.run(f.tls)
	return f.line
}

func (f *forward) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.line != nil {
		f.line.end(errors.New("the member stops"))
	}
}
