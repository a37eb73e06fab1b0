package main

import (
	"context"
	"time"
)

// idle tells how much of a core the servers take while nobody calls them, and how many bytes they have resident.
func (r *report) idle(ctx context.Context, c *cluster) (share float64, bytes int64, err error) {
	var servers clock
	servers.start(c.pids())
	began := time.Now()
	wait(ctx, r.settings.duration)
	share = servers.stop().Seconds() / time.Since(began).Seconds()
	if servers.err != nil {
		return 0, 0, servers.err
	}
	bytes, err = resident(c.pids())
	return share, bytes, err
}

// above is how much more of a core the servers took with sessions than without.
func (m measured) above() float64 { return m.ServerCPU.Seconds()/m.Seconds - m.idle }
