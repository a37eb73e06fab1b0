package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate/internal/mirror"
)

// renewalsAtOnce bounds how many renewals one call has under way.
const renewalsAtOnce = 16

// Heartbeat renews sessions for another TTL each, and answers in the order asked. The error is
// store.ErrUnavailable, or ctx's own.
func (k *Keeper) Heartbeat(ctx context.Context, ids ...ID) ([]Beat, error) {
	beats := make([]Beat, len(ids))
	group, inside := errgroup.WithContext(ctx)
	group.SetLimit(renewalsAtOnce)
	for n, id := range ids {
		group.Go(func() (err error) {
			beats[n], err = k.beat(inside, id)
			return err
		})
	}
	err := group.Wait()
	if err == nil {
		err = k.confirm(ctx, beats)
	}
	if err != nil {
		return nil, fmt.Errorf("renewing sessions: %w", err)
	}
	return beats, nil
}

func (k *Keeper) beat(ctx context.Context, id ID) (Beat, error) {
	sent := time.Now()
	ttl, err := k.leases.renew(ctx, id)
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return Beat{ID: id, Expired: true}, nil
	case err != nil:
		return Beat{}, err
	}
	return k.renewed(id, ttl, sent), nil
}

// confirm looks for the markers: a renewal may race the end of its session and still be answered.
func (k *Keeper) confirm(ctx context.Context, beats []Beat) error {
	err := k.Store.LookFresh(ctx, func(v mirror.View) {
		for n, b := range beats {
			if Live(v, b.ID) == nil {
				beats[n] = Beat{ID: b.ID, Expired: true}
			}
		}
	})
	if err != nil {
		return err
	}
	for _, b := range beats {
		if b.Expired {
			k.renewals.drop(b.ID)
			k.Mend(ctx, b.ID)
		}
	}
	return nil
}

// Get describes a session. The errors are ErrExpired, store.ErrUnavailable, and ctx's own.
func (k *Keeper) Get(ctx context.Context, id ID) (s Session, err error) {
	live := false
	err = k.Store.LookFresh(ctx, func(v mirror.View) {
		if i := Live(v, id); i != nil {
			s, live = describe(v, id, i), true
		}
	})
	if err == nil && !live {
		k.Mend(ctx, id)
		err = ErrExpired
	}
	if err != nil {
		return Session{}, fmt.Errorf("getting session %s: %w", id, err)
	}
	return s, nil
}
