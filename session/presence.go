package session

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// A gateway that has not renewed its marker for presenceTTL counts as gone: what its calls left waiting in line is
// swept by the others.
const (
	presenceTTL   = 10 * time.Second
	presenceRenew = presenceTTL / 4
)

// Presence keeps the marker of a gateway in etcd for as long as the gateway lives.
type Presence struct {
	store  *store.Store
	leases leases
	key    string
	value  []byte
	id     ID          // of the lease
	put    kv.Revision // when the marker was last put
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Announce puts the marker of the gateway with that id, which serves at address, and keeps it there until Leave. Where
// etcd has no room for it, it is put as soon as there is some: others than those who want more are served meanwhile.
func (k *Keeper) Announce(ctx context.Context, gateway, address string) (*Presence, error) {
	value, err := json.Marshal(map[string]string{"address": address})
	if err != nil {
		return nil, err
	}
	p := &Presence{store: k.Store, leases: k.leases, key: k.Store.Space.Gateway(gateway), value: value}
	if err := p.appear(ctx); err != nil && !errors.Is(err, store.ErrFull) {
		return nil, err
	}
	ctx, p.cancel = context.WithCancel(context.Background())
	p.done.Go(func() { p.stay(ctx) })
	return p, nil
}

// appear puts the marker on a new lease. Its id is drawn, and not derived as those of sessions are, so that no
// session can ever be on it.
func (p *Presence) appear(ctx context.Context) error {
	p.id = ID(1 + rand.Int64N(math.MaxInt64))
	if _, err := p.leases.grant(ctx, p.id, int64(presenceTTL/time.Second)); err != nil {
		return err
	}
	r, err := p.store.Commit(kv.Txn{Then: []kv.Op{kv.Put(p.key, p.value, kv.LeaseID(p.id))}})
	if err == nil {
		p.put = r.Revision
	}
	return err
}

// stay renews the marker; lost in a long pause, or by somebody's hand, it is put again, before the others sweep.
func (p *Presence) stay(ctx context.Context) {
	wait := p.store.Attend(p.key)
	defer wait.Stop()
	tick := time.NewTicker(presenceRenew)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-tick.C:
			_, err = p.leases.renew(ctx, p.id)
		case <-wait.News():
		case <-ctx.Done():
			return
		}
		if err != nil || !p.seen() {
			_ = p.appear(ctx) // tried again at the next tick
		}
	}
}

// seen reports whether the mirror shows the marker on its lease, or is yet to.
func (p *Presence) seen() (seen bool) {
	p.store.Look(func(v mirror.View) {
		i := v.Get(p.key)
		seen = v.Revision() < p.put || i != nil && i.Lease == kv.LeaseID(p.id)
	})
	return seen
}

// Leave removes the marker: the other gateways need not wait for it to expire.
func (p *Presence) Leave(ctx context.Context) error {
	p.cancel()
	p.done.Wait()
	return p.leases.revoke(ctx, p.id)
}
