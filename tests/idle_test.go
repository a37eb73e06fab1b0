package tests_test

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate/client"
)

var (
	idleSessions = flag.Int("idle.sessions", 0, "how many sessions are kept, to see what that costs")
	idleInterval = flag.Int("idle.interval", 20, "how often each is renewed, in seconds")
)

const (
	idleTTL = 60 * time.Second
	// idleFor is how long is measured: the sessions come to be renewed several times.
	idleFor = 90 * time.Second
)

// Sessions that do nothing but live stay, and what they cost is told: each is one of our clients, with a connection of its
// own, spread over three members. Measured is how long the members' processes ran. The machine must have room for all of
// them: clients that wait for a core too long lose their sessions.
func TestIdle_SessionsStay(t *testing.T) {
	if *idleSessions == 0 {
		t.Skip("takes minutes: run with -idle.sessions=10000 -v")
	}
	f := newFleet(t, 3, 3)
	for _, p := range f.all {
		p.args = append(p.args, "--session-heartbeat-interval-seconds", strconv.Itoa(*idleInterval))
	}
	var clients idlers
	t.Cleanup(clients.end) // behind the members, so that nobody says good-bye
	f.run()
	t.Logf("without a session the members take %.1f %% of a core", 100*f.share(idleFor/3))
	clients.open(f, *idleSessions)
	time.Sleep(idleTTL / 3) // until the last has been renewed once
	share := f.share(idleFor)
	t.Logf("with %d sessions, each renewed every %d s, they take %.1f %%", *idleSessions, *idleInterval, 100*share)
	r := serving(t, f.all[0].addr)
	if there := must(r.etcd.Get(r.soon(), "cp/session/", clientv3.WithPrefix(), clientv3.WithCountOnly()))(t); there.Count != int64(*idleSessions) {
		t.Errorf("there are %d sessions", there.Count)
	}
}

// idlers are clients that only keep their sessions.
type idlers struct {
	mu  sync.Mutex
	all []*client.Client
}

// open opens so many sessions, at each member as many.
func (i *idlers) open(f *fleet, n int) {
	f.Helper()
	var group errgroup.Group
	group.SetLimit(64)
	addrs := f.addrs()
	for n := range n {
		endpoints := slices.Concat(addrs[n%len(addrs):], addrs[:n%len(addrs)])
		group.Go(func() error {
			c, err := client.NewWith(client.Config{Endpoints: endpoints, SessionTTL: idleTTL, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				return err
			}
			i.mu.Lock()
			i.all = append(i.all, c)
			i.mu.Unlock()
			_, err = c.SessionID(f.Context())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		f.Fatal(err)
	}
}

func (i *idlers) end() {
	var group sync.WaitGroup
	for _, c := range i.all {
		group.Go(func() { _ = c.Close() })
	}
	group.Wait()
}

// share is how much of one core the members take in the time to come.
func (f *fleet) share(of time.Duration) float64 {
	f.Helper()
	before := f.ran()
	begin := time.Now()
	time.Sleep(of)
	return (f.ran() - before).Seconds() / time.Since(begin).Seconds()
}

// ran is how long the members' processes have run so far, in user space and in the kernel.
func (f *fleet) ran() (d time.Duration) {
	f.Helper()
	const tick = time.Second / 100 // of Linux, wherever Go runs
	for _, p := range f.all {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			f.Skipf("the time that processes ran can't be read here: %v", err)
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, ticks := range fields[11:13] { // utime, stime: see proc(5)
			d += time.Duration(must(strconv.Atoi(ticks))(f.T)) * tick
		}
	}
	return d
}
