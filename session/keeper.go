package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// Config says how sessions are kept.
type Config struct {
	Store    *store.Store
	Leases   pb.LeaseClient
	TTL      time.Duration // of a session that asks for none
	Interval time.Duration // how often a client should call Heartbeat
}

// Keeper opens, renews and closes sessions through one gateway.
type Keeper struct {
	Config
	leases   leases
	renewals renewals
	pace     pace
	shelf    shelf
}

// NewKeeper returns a keeper.
func NewKeeper(c Config) *Keeper {
	return &Keeper{
		Config: c, leases: leases{c.Leases, c.Store.Within}, pace: pace{every: paceOf(c.Interval)}, shelf: newShelf(),
	}
}

// HeartbeatInterval returns how often a client should call Heartbeat.
func (k *Keeper) HeartbeatInterval() time.Duration { return k.Interval }

// ValidFor returns the time in which the session can't expire, as far as this gateway knows. ok is false when it
// has not renewed the session.
func (k *Keeper) ValidFor(id ID) (d time.Duration, ok bool) {
	return k.renewals.validFor(id, k.born(id), time.Now())
}

// born returns when the session was opened that this gateway's mirror shows, 0 when it shows none.
func (k *Keeper) born(id ID) (born kv.Revision) {
	k.Store.Look(func(v mirror.View) {
		if i := Live(v, id); i != nil {
			born = i.Create
		}
	})
	return born
}

// Open opens a session, or finds the one that was opened under the same user and request id. The error is
// store.ErrUnavailable, store.ErrFull, or ctx's own.
func (k *Keeper) Open(ctx context.Context, o Opening) (Beat, error) {
	id := idOf(o.User, o.RequestID)
	ttl := int64(o.TTLSeconds)
	if ttl == 0 {
		ttl = int64(k.TTL / time.Second)
	}
	sent := time.Now()
	granted, err := k.leases.grant(ctx, id, ttl)
	if errors.Is(err, rpctypes.ErrLeaseExist) {
		sent = time.Now()
		granted, err = k.leases.renew(ctx, id)
	}
	var born kv.Revision
	if err == nil {
		born, err = k.mark(ctx, id, marker{
			Name: o.Name, User: o.User, ClientAddress: o.ClientAddress,
			TTLSeconds: granted, Created: time.Now().UTC(),
		})
	}
	if err != nil {
		return Beat{}, fmt.Errorf("opening a session: %w", err)
	}
	b := newBeat(id, granted, sent)
	k.renewals.note(id, born, b.TTL, sent)
	return b, nil
}

// mark puts the session's marker, if it is not there yet, and returns the revision in which it came. The put that fills
// the database up may have come though there was no room.
func (k *Keeper) mark(ctx context.Context, id ID, m marker) (born kv.Revision, err error) {
	key := k.Store.Space.Session(int64(id))
	r, err := k.Store.Commit(kv.Txn{
		If:   []kv.Compare{kv.Absent(key)},
		Then: []kv.Op{kv.Put(key, m.encode(), kv.LeaseID(id))},
	})
	full := errors.Is(err, store.ErrFull)
	if err != nil && !full || r.Succeeded {
		return r.Revision, err
	}
	var live *kv.Item
	switch e := k.Store.LookFresh(ctx, func(v mirror.View) { live = Live(v, id) }); {
	case e != nil:
		return 0, e
	case live != nil:
		return live.Create, nil
	case full:
		return 0, err
	}
	k.Mend(ctx, id) // the marker is there and damaged, or has just gone: the next try finds neither
	return 0, fmt.Errorf("%w: the session is just ending", store.ErrUnavailable)
}

// newBeat is of a session whose renewal etcd confirmed.
func newBeat(id ID, ttlSeconds int64, sent time.Time) Beat {
	ttl := time.Duration(ttlSeconds) * time.Second
	return Beat{ID: id, TTL: ttl, ValidFor: ttl - time.Since(sent)}
}

// Close ends the session, and reports whether it was still there: all that it held or waited for is gone in the
// same step (X1). The error is store.ErrUnavailable, or ctx's own.
func (k *Keeper) Close(ctx context.Context, id ID) (bool, error) {
	var live bool
	err := k.Store.LookFresh(ctx, func(v mirror.View) { live = Live(v, id) != nil })
	if err != nil {
		return false, fmt.Errorf("closing session %s: %w", id, err)
	}
	if !live { // and never some other lease that happens to have this id
		k.Mend(ctx, id)
		return false, nil
	}
	k.renewals.drop(id)
	switch err := k.leases.revoke(ctx, id); {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("closing session %s: %w", id, err)
	}
	return true, nil
}

// Mend removes a marker that was written over without its lease, and the lease with all that is attached to it:
// such a session counts as gone, and nothing of it may stay. A failure is left to the next one who sees it.
func (k *Keeper) Mend(ctx context.Context, id ID) {
	var damaged *kv.Item
	k.Store.Look(func(v mirror.View) {
		if Live(v, id) == nil {
			damaged = v.Get(v.Space().Session(int64(id)))
		}
	})
	if damaged == nil {
		return
	}
	if err := k.leases.revoke(ctx, id); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return
	}
	_, _ = k.Store.Commit(kv.Txn{If: []kv.Compare{kv.Unchanged(damaged)}, Then: []kv.Op{kv.Delete(damaged.Key)}})
}

// Call is a call that ends with an answer or with Err.
type Call interface {
	store.Call
	Err() error
}

// Run carries a call of the session to its end, as the store does. A session found gone whose marker lies there
// damaged is mended on the way.
func (k *Keeper) Run(ctx context.Context, c Call, id ID, timeout *time.Duration) error {
	err := k.Store.Run(ctx, c, timeout)
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound): // of the shelf: what is on a session's asks for its marker
		k.shelf.drop()
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case err != nil:
		return err
	}
	if errors.Is(c.Err(), ErrExpired) {
		k.Mend(ctx, id)
	}
	return c.Err()
}
