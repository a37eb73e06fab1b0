package store

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// errWatchEnded is for a watch that ends without saying why, as it does when its client is closed.
var errWatchEnded = errors.New("the watch has ended")

const (
	// pageSize is how many keys one read of the whole brings.
	pageSize = 10_000
	// reloadPause is between two tries to read the whole again.
	reloadPause = 100 * time.Millisecond
)

// load makes the mirror equal to etcd at one revision, and returns that revision. The old mirror answers until the
// new one is complete; the difference is news like any other.
func (s *Store) load(ctx context.Context) (kv.Revision, error) {
	var items []*kv.Item
	var rev int64
	end := clientv3.GetPrefixRangeEnd(s.Space.Prefix())
	for from := s.Space.Prefix(); ; {
		page, err := s.Client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(pageSize), clientv3.WithRev(rev))
		if err != nil {
			return 0, unavailable("reading all keys", err)
		}
		if rev == 0 {
			rev = page.Header.Revision
		}
		for _, k := range page.Kvs {
			items = append(items, item(k))
		}
		if !page.More {
			break
		}
		from = items[len(items)-1].Key + "\x00"
	}
	s.fold(func(m *mirror.Mirror) []string {
		news := m.Rebuild(kv.Revision(rev), items)
		s.noticedAll()
		return news
	})
	s.setBroken(nil)
	return kv.Revision(rev), nil
}

// follow keeps the mirror up with etcd. When the watch is lost (compacted behind a paused gateway, say), the
// mirror is read anew.
func (s *Store) follow(rev kv.Revision) {
	for s.ctx.Err() == nil {
		err := s.watch(rev)
		if s.ctx.Err() != nil {
			return
		}
		s.setBroken(unavailable("following etcd", err))
		s.Logger.Warn("watch lost, reading the mirror anew", "error", err)
		for rev, err = s.load(s.ctx); err != nil && s.ctx.Err() == nil; rev, err = s.load(s.ctx) {
			s.Logger.Warn("reading the mirror anew", "error", err)
			time.Sleep(reloadPause)
		}
	}
}

// watch folds every revision behind rev, and returns only when the watch is lost.
func (s *Store) watch(rev kv.Revision) error {
	ctx, cancel := context.WithCancel(s.watching())
	defer cancel()
	all := s.Client.Watch(ctx, s.Space.Prefix(), clientv3.WithPrefix(), clientv3.WithRev(int64(rev)+1))
	for seen := range all {
		if err := seen.Err(); err != nil {
			return err
		}
		events := make([]kv.Event, 0, len(seen.Events))
		for _, e := range seen.Events {
			events = append(events, event(e))
		}
		s.fold(func(m *mirror.Mirror) []string { return m.Fold(reached(seen), events) })
	}
	return errWatchEnded
}

// watching is the context of the watch, and of what is asked of it. A member that is cut off ends a watch with it.
func (s *Store) watching() context.Context { return clientv3.WithRequireLeader(s.ctx) }

// reached returns the revision up to which everything is in seen or came before it. The header says so only when
// there are no events: to a watch that is behind, etcd sends a thousand revisions at a time, each time under the
// revision of its newest.
func reached(seen clientv3.WatchResponse) kv.Revision {
	if n := len(seen.Events); n > 0 {
		return kv.Revision(seen.Events[n-1].Kv.ModRevision)
	}
	return kv.Revision(seen.Header.Revision)
}

func event(e *clientv3.Event) kv.Event {
	if e.Type == clientv3.EventTypeDelete {
		return kv.Event{Key: string(e.Kv.Key)}
	}
	return kv.Event{Key: string(e.Kv.Key), Item: item(e.Kv)}
}

func item(k *mvccpb.KeyValue) *kv.Item {
	return &kv.Item{
		Key: string(k.Key), Value: k.Value, Lease: kv.LeaseID(k.Lease),
		Create: kv.Revision(k.CreateRevision), Mod: kv.Revision(k.ModRevision),
	}
}
