package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// The cluster can't tell us when it loses its leader, so it is asked. Together these two are within two of etcd's
// election timeouts, after which a member that is cut off has to have said so.
const (
	askEvery = 500 * time.Millisecond
	patience = 1500 * time.Millisecond
)

// ask makes a linearizable read: that it is answered proves that there is a leader, and its Raft term tells leaders apart.
func (r *Cluster) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), patience)
	defer cancel()
	got, err := r.client.Get(ctx, r.config.Key, clientv3.WithCountOnly())
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("etcd at %v has not answered for %v: %w", r.Endpoints(), patience, err)
	case errors.Is(err, rpctypes.ErrUserEmpty):
		return fmt.Errorf("etcd at %v has access control and no etcd-user was given: %w", r.Endpoints(), err)
	case err != nil:
		return fmt.Errorf("asking etcd at %v for its leader: %w", r.Endpoints(), err)
	}
	return r.answered(got.Header)
}

// errAnother means that what is true of the etcd at the endpoints was not true of the one before: it is another, or was
// reset. Fences would fall.
var errAnother = errors.New("another etcd has taken the place of the one that was served")

func (r *Cluster) answered(h *pb.ResponseHeader) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.id != 0 && r.id != h.ClusterId:
		return fmt.Errorf("%w: it is cluster %x, was %x", errAnother, h.ClusterId, r.id)
	case h.Revision < r.revision:
		return fmt.Errorf("%w: it is at revision %d, was at %d", errAnother, h.Revision, r.revision)
	}
	r.id, r.revision, r.term = h.ClusterId, h.Revision, max(r.term, h.RaftTerm)
	return nil
}

// attend asks for the leader until ctx is done.
func (r *Cluster) attend(ctx context.Context) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.note(ctx, r.ask(ctx))
		case <-ctx.Done():
			return
		}
	}
}

func (r *Cluster) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	before := r.lost
	r.lost = err
	r.mu.Unlock()
	switch {
	case before == nil && err != nil:
		r.config.Logger.Warn("etcd is lost", "error", err)
	case before != nil && err == nil:
		r.config.Logger.Info("etcd is back", "at", r.Endpoints())
	}
	if errors.Is(err, errAnother) {
		select {
		case r.failed <- err:
		default: // it has been told
		}
	}
}

// Reign is another number with every new leader, and 0 while no leader is known. It may be two seconds old.
func (r *Cluster) Reign() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return 0
	}
	return r.term
}

// Ready returns nil while there is a leader, else why none is known.
func (r *Cluster) Ready() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}
