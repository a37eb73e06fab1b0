package tests_test

import (
	"flag"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
)

var clusterKills = flag.Int("cluster.kills", 4, "how often a member of a cluster is killed")

// longestPause is how long a call for a lock may take when a member dies, at etcd's default ticks: elections come
// within two seconds, and the client goes elsewhere.
const longestPause = 3 * time.Second

// Whichever of three members is killed, also the leader: callers see no error, only a pause; nothing is lost or held
// twice (L1, L2, L5), and who waits keeps its place in line through another one (L4).
func TestCluster_KillingAnyMemberIsOnlyAPause(t *testing.T) {
	f := runFleet(t, 3)
	r := serving(t, f.all[0].addr)
	w := newWorks(r, f.addrs()[1:]...)
	probe := startProbe(t, f.addrs())
	stop := w.begin()
	for n := range *clusterKills {
		w.awaitLoops(betweenKills)
		lost := f.all[n%3]
		if n%2 == 0 {
			lost = f.all[f.leader()]
		}
		lost.kill()
		w.awaitLoops(betweenKills)
		lost.start()
	}
	w.awaitLoops(betweenKills)
	stop()
	if most := probe.stop(); most > longestPause {
		t.Errorf("a lock took %v", most)
	} else {
		t.Logf("the longest pause in %d kills was %v", *clusterKills, most)
	}
	if left := r.keys("cp/lock/"); len(left) > 0 {
		t.Errorf("%d tickets of finished calls are left, the first is %s: %s", len(left), left[0].Key, left[0].Value)
	}
}

// Restarting one member after the other, as for a new version, loses nothing either.
func TestCluster_ARollingRestartIsNoError(t *testing.T) {
	f := runFleet(t, 3)
	r := serving(t, f.all[0].addr)
	w := newWorks(r, f.addrs()[1:]...)
	probe := startProbe(t, f.addrs())
	stop := w.begin()
	for _, p := range f.all {
		w.awaitLoops(betweenKills)
		if code, took := p.stop(); code != 0 || took > 5*time.Second {
			t.Errorf("stopping took %v and ended with %d", took, code)
		}
		p.start()
	}
	w.awaitLoops(betweenKills)
	stop()
	t.Logf("the longest pause was %v", probe.stop())
	if left := r.keys("cp/lock/"); len(left) > 0 {
		t.Errorf("%d tickets of finished calls are left, the first is %s: %s", len(left), left[0].Key, left[0].Value)
	}
}

// probe locks and unlocks a lock of its own all the time.
type probe struct {
	over  atomic.Bool
	loops atomic.Int64
	done  chan time.Duration
}

func startProbe(t *testing.T, endpoints []string, options ...func(*client.Config)) *probe {
	t.Helper()
	config := client.Config{Endpoints: endpoints, Logger: slog.New(slog.DiscardHandler)}
	for _, change := range options {
		change(&config)
	}
	c := must(client.NewWith(config))(t)
	t.Cleanup(func() { _ = c.Close() })
	p := &probe{done: make(chan time.Duration, 1)}
	go func() {
		var most time.Duration
		defer func() { p.done <- most }()
		for l := c.Lock("probe"); !p.over.Load(); {
			begin := time.Now()
			_, err := l.Lock(t.Context())
			held := time.Now()
			if err == nil {
				err = l.Unlock(t.Context())
			}
			most = max(most, held.Sub(begin), time.Since(held))
			p.loops.Add(1)
			if err != nil {
				t.Errorf("the probe got %v", err)
				return
			}
		}
	}()
	return p
}

// awaitLoops waits until the probe has locked and unlocked so many times more.
func (p *probe) awaitLoops(t *testing.T, n int64) {
	t.Helper()
	until := p.loops.Load() + n
	(&rig{T: t}).await("the probe", func() bool { return p.loops.Load() >= until || t.Failed() })
}

// stop ends the probe and returns how long the longest call took.
func (p *probe) stop() time.Duration {
	p.over.Store(true)
	return <-p.done
}
