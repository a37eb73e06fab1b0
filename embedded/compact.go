package embedded

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// roundsPerAge is how many compactions there are in the time for which history is kept. etcd's own periodic
// compaction has one, so that at its end twice the history is there and goes in one big piece.
const roundsPerAge = 6

// round is the time from one compaction to the next.
func round(age time.Duration) time.Duration { return max(age/roundsPerAge, 2*time.Millisecond) }

// compactor drops what is older than the history to keep. Every member measures the age of revisions, so that
// a new leader goes on where the last one stopped; only the leader compacts.
type compactor struct {
	server  *etcdserver.EtcdServer
	history history
	done    int64 // the revision compacted last by this member
	log     *slog.Logger
}

// run compacts until ctx is done.
func (c *compactor) run(ctx context.Context) {
	t := time.NewTicker(round(c.history.age))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			c.history.Add(now, c.server.KV().Rev())
			c.compact(ctx, c.history.Due(now))
		}
	}
}

// compact drops the history before rev. One that fails is made up for by the next.
func (c *compactor) compact(ctx context.Context, rev int64) {
	if rev <= c.done || c.server.Leader() != c.server.MemberID() {
		return
	}
	_, err := c.server.Compact(ctx, &etcdserverpb.CompactionRequest{Revision: rev})
	switch {
	case err == nil || errors.Is(err, mvcc.ErrCompacted):
		c.done = rev
	case ctx.Err() == nil:
		c.log.Warn("old revisions could not be dropped, trying again", "revision", rev, "error", err)
	}
}
