package session

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
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
	store   *store.Store
	leases  leases
	gateway string
	value   []byte
	id      ID
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// Announce puts the marker of the gateway with that id, which serves at address, and keeps it there until Leave.
func (k *Keeper) Announce(ctx context.Context, gateway, address string) (*Presence, error) {
	value, err := json.Marshal(map[string]string{"address": address})
	if err != nil {
		return nil, err
	}
	p := &Presence{store: k.Store, leases: k.leases, gateway: gateway, value: value, id: idOf("gateway", gateway)}
	if err := p.appear(ctx); err != nil {
		return nil, err
	}
	ctx, p.cancel = context.WithCancel(context.Background())
	p.done.Go(func() { p.stay(ctx) })
	return p, nil
}

func (p *Presence) appear(ctx context.Context) error {
	if _, err := p.leases.grant(ctx, p.id, int64(presenceTTL/time.Second)); err != nil {
		return err
	}
	_, err := p.store.Commit(kv.Txn{
		Then: []kv.Op{kv.Put(p.store.Space.Gateway(p.gateway), p.value, kv.LeaseID(p.id))},
	})
	return err
}

// stay renews the marker; lost in a long pause, it is put again.
func (p *Presence) stay(ctx context.Context) {
	tick := time.NewTicker(presenceRenew)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if _, err := p.leases.renew(ctx, p.id); err != nil {
			_ = p.appear(ctx) // tried again at the next tick
		}
	}
}

// Leave removes the marker: the other gateways need not wait for it to expire.
func (p *Presence) Leave(ctx context.Context) error {
	p.cancel()
	p.done.Wait()
	return p.leases.revoke(ctx, p.id)
}
