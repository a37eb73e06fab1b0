package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Record is everything that happened to the keys of a cluster, in the order of its revisions, without a gap. Every member
// is watched, and whoever shows a revision first counts, so that none is missed while some are away.
type Record struct {
	cancel   context.CancelFunc
	watchers sync.WaitGroup

	mu   sync.Mutex
	log  []Event
	seen int64 // the revision up to which log is complete
	err  error // of a member that had dropped what was not seen yet
}

// Record records from the beginning of the cluster until the test ends, so it has to be called while history still
// reaches back that far. Faults that drop history leave what was not recorded yet.
func (c *Cluster) Record() *Record {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &Record{cancel: cancel, seen: 1} // the revision of an empty store
	for _, m := range c.members {
		r.watchers.Go(func() { r.watch(ctx, m.etcd) })
	}
	c.t.Cleanup(r.stop)
	c.record = r
	return r
}

func (r *Record) stop() {
	r.cancel()
	r.watchers.Wait()
}

// watch follows one member until ctx is done. A watch that ends is begun again behind what others have shown.
func (r *Record) watch(ctx context.Context, e *clientv3.Client) {
	for ctx.Err() == nil {
		one, cancel := context.WithCancel(ctx)
		from := r.Seen() + 1
		for a := range e.Watch(one, "", clientv3.WithPrefix(), clientv3.WithRev(from)) {
			r.add(a.Events)
			if errors.Is(a.Err(), rpctypes.ErrCompacted) && a.CompactRevision > r.Seen()+1 {
				r.fail(fmt.Errorf("history up to %d was dropped, recorded is %d", a.CompactRevision, r.Seen()))
			}
		}
		cancel()
		_ = pause(ctx, 50*time.Millisecond) // the loop sees when ctx has ended
	}
}

func (r *Record) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = errors.Join(r.err, err)
}

// add takes whole revisions, of which some may be known.
func (r *Record) add(events []*clientv3.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.seen
	for _, e := range events {
		if e.Kv.ModRevision <= known {
			continue
		}
		r.log = append(r.log, Event{
			Revision: e.Kv.ModRevision, Key: string(e.Kv.Key), Value: e.Kv.Value, Create: e.Kv.CreateRevision,
			Lease: e.Kv.Lease, Deleted: e.Type == mvccpb.Event_DELETE,
		})
		r.seen = e.Kv.ModRevision
	}
}

// Seen is the revision up to which all is recorded.
func (r *Record) Seen() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// Await returns the record when it has all up to that revision.
func (r *Record) Await(ctx context.Context, revision int64) ([]Event, error) {
	for r.Seen() < revision {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return nil, fmt.Errorf("recorded is %d of %d: %w", r.Seen(), revision, err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.log), r.err
}

// Audit waits for all that has happened until now and checks it, with what witnesses say.
func (c *Cluster) Audit(ctx context.Context, witnesses []Witness) error {
	now, err := c.Revision(ctx)
	if err != nil {
		return err
	}
	log, err := c.record.Await(ctx, now)
	if err != nil {
		return err
	}
	return Audit(log, witnesses)
}
