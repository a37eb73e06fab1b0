package faults_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/tests/faults"
)

var (
	rounds = flag.Int("faults.rounds", 1, "how often every fault is injected")
	seed   = flag.Uint64("faults.seed", 1, "what chooses whom the faults of the first round hit")
)

// Each fault alone is at most a pause for callers through the Go client, also where there is no majority for a while: no
// error, nobody holds before its turn (L1, L2, L4, S1, S2, S3, X1), and nothing is left in line (X2).
func TestFault_AloneIsAPauseForCallersAndNoMore(t *testing.T) {
	for name, group := range map[string]struct {
		members int
		kinds   []faults.Kind
		options []faults.Option
	}{
		"processes": {members: 3, kinds: []faults.Kind{
			faults.KillLeader, faults.KillFollower, faults.KillAll, faults.Restart, faults.PauseFollower, faults.PauseLeader,
		}},
		"network": {members: 3, kinds: []faults.Kind{
			faults.IsolateLeader, faults.IsolateFollower, faults.MuteLeader, faults.DeafenLeader, faults.MuteFollower,
			faults.DeafenFollower, faults.Shatter,
		}},
		"history":      {members: 3, kinds: []faults.Kind{faults.ForgetWhileCutOff, faults.ExpiryStorm}},
		"disks":        {members: 3, kinds: []faults.Kind{faults.SlowDisk, faults.FullDisk}, options: []faults.Option{faults.WithDisks()}},
		"five members": {members: 5, kinds: []faults.Kind{faults.CatchUp, faults.Split}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := faults.Start(t, group.members, group.options...)
			c.Record()
			for n := range uint64(*rounds) {
				for _, k := range group.kinds {
					t.Run(k.Name, func(t *testing.T) { alone(t, c, c.Fault(k, *seed+n)) })
				}
			}
		})
	}
}

// alone runs one fault under load.
func alone(t *testing.T, c *faults.Cluster, f *faults.Fault) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*faults.Soon)
	defer cancel()
	l := newLoad(t, c)
	l.awaitTurns(3)
	begin, held := time.Now(), l.held()
	if err := f.Run(ctx); err != nil {
		t.Error(err)
	}
	took, meanwhile := time.Since(begin), l.held()-held
	l.awaitTurns(3)
	witnesses := l.stop()
	if err := c.Audit(ctx, witnesses); err != nil {
		t.Errorf("%v: %v", f, err)
	}
	if err := nothingLeft(ctx, c); err != nil {
		t.Errorf("%v: %v", f, err)
	}
	t.Logf("%v: %d holds in its %v, the longest turn was %v", f, meanwhile, took, l.longest)
}

// nothingLeft waits until no ticket is left.
func nothingLeft(ctx context.Context, c *faults.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, faults.Soon/2)
	defer cancel()
	for {
		locks, err := c.Etcd().Get(ctx, "cp/lock/", clientv3.WithPrefix())
		if err != nil {
			return err
		}
		permits, err := c.Etcd().Get(ctx, "cp/semaphore/"+loadPool+"/", clientv3.WithPrefix())
		if err != nil {
			return err
		}
		left := slices.Concat(locks.Kvs, permits.Kvs)
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d tickets are left, the first is %s: %s", len(left), left[0].Key, left[0].Value)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
