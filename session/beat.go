package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// renewalsAtOnce bounds how many renewals one call has under way.
const renewalsAtOnce = 16

// Heartbeat renews sessions for another TTL each, save those that this gateway renewed less than a tenth of their TTL ago,
// and answers in the order asked. The error is store.ErrUnavailable, or ctx's own.
func (k *Keeper) Heartbeat(ctx context.Context, ids ...ID) ([]Beat, error) {
	if err := k.pace.wait(ctx); err != nil {
		return nil, err
	}
	renewed := make([]renewal, len(ids))
	group, inside := errgroup.WithContext(ctx)
	group.SetLimit(renewalsAtOnce)
	for n, id := range ids {
		group.Go(func() (err error) {
			renewed[n], err = k.renew(inside, id)
			return err
		})
	}
	err := group.Wait()
	if err == nil {
		err = k.confirm(ctx, renewed)
	}
	if err != nil {
		return nil, fmt.Errorf("renewing sessions: %w", err)
	}
	beats := make([]Beat, len(ids))
	for n, r := range renewed {
		beats[n] = r.Beat
	}
	return beats, nil
}

// renewal is a beat whose session has yet to be looked for.
type renewal struct {
	Beat
	sent   time.Time
	born   kv.Revision // of the session's marker, 0 when it was not seen yet
	spared bool        // the one before is so fresh that etcd was not asked
}

func (k *Keeper) renew(ctx context.Context, id ID) (renewal, error) {
	r := renewal{born: k.born(id), sent: time.Now()}
	if ttl, left, fresh := k.renewals.fresh(id, r.born, r.sent); fresh {
		r.Beat, r.spared = Beat{ID: id, TTL: ttl, ValidFor: left}, true
		return r, nil
	}
	ttl, err := k.leases.renew(ctx, id)
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		r.Beat = Beat{ID: id, Expired: true}
	case err != nil:
		return renewal{}, err
	default:
		r.Beat = newBeat(id, ttl, r.sent)
	}
	return r, nil
}

// confirm looks for the markers: a renewal may race the end of its session and still be answered.
func (k *Keeper) confirm(ctx context.Context, renewed []renewal) error {
	err := k.Store.LookFresh(ctx, func(v mirror.View) {
		for n := range renewed {
			renewed[n].confirm(Live(v, renewed[n].ID))
		}
	})
	if err != nil {
		return err
	}
	for _, r := range renewed {
		if r.Expired {
			k.renewals.drop(r.ID)
			k.Mend(ctx, r.ID)
		} else if r.ValidFor > 0 && !r.spared {
			k.renewals.note(r.ID, r.born, r.TTL, r.sent)
		}
	}
	return nil
}

// confirm takes what a look behind the renewal shows for the session.
func (r *renewal) confirm(marker *kv.Item) {
	switch {
	case marker == nil:
		r.Beat = Beat{ID: r.ID, Expired: true}
	case r.born == 0:
		r.born = marker.Create
	case r.born != marker.Create:
		r.ValidFor = 0 // closed and opened again meanwhile: it is not known which was renewed
	}
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
