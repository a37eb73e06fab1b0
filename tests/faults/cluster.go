package faults

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Soon bounds what a fault or a cluster may take to get ready; nothing that works comes near it.
const Soon = 60 * time.Second

// Cluster is n members of the real program in processes of their own. Its methods may be called from any goroutine, but
// faults are injected and healed one at a time, unless they hit different members.
type Cluster struct {
	t       testing.TB
	members []*Member
	network *network
	etcd    *clientv3.Client
	disks   bool
	record  *Record // nil unless somebody records

	mendedAt time.Time // when a fault was last healed
}

// Option changes the cluster that Start starts.
type Option func(c *Cluster)

// WithArgs adds arguments to the command line of every member, such as "--session-ttl-seconds=10".
func WithArgs(args ...string) Option {
	return func(c *Cluster) {
		for _, m := range c.members {
			m.args = append(m.args, args...)
		}
	}
}

// WithDisks makes disks that can be slow or full, at a little cost for every write. Where the machine can't, Start skips
// the test.
func WithDisks() Option { return func(c *Cluster) { c.disks = true } }

// Start starts a cluster of n members and ends it when the test ends, which then fails if a member said of itself what none
// should (a panic, a data race).
func Start(t testing.TB, n int, options ...Option) *Cluster {
	t.Helper()
	if p := program(); p.err != nil {
		t.Fatal(p.err)
	}
	c := &Cluster{t: t}
	c.network = newNetwork(t, n)
	for i := range n {
		c.members = append(c.members, newMember(c, i))
	}
	for _, o := range options {
		o(c)
	}
	if c.disks {
		c.giveDisks()
	}
	t.Cleanup(c.clear)
	ctx, cancel := context.WithTimeout(context.Background(), Soon)
	defer cancel()
	if err := c.startAll(ctx, c.members...); err != nil {
		t.Fatal(err)
	}
	c.etcd = c.dial(c.Addrs()...)
	for _, m := range c.members {
		m.etcd = c.dial(m.Addr())
	}
	return c
}

// dial makes a client of etcd's own API, for as long as the test lasts.
func (c *Cluster) dial(addrs ...string) *clientv3.Client {
	c.t.Helper()
	e, err := clientv3.New(clientv3.Config{Endpoints: addrs, Logger: zap.NewNop()})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = e.Close() })
	return e
}

func (c *Cluster) giveDisks() {
	c.t.Helper()
	if err := supportsDisks(); err != nil {
		c.t.Skipf("disks can't be made slow here: %v", err)
	}
	for _, m := range c.members {
		m.disk = &disk{}
	}
}

// startAll starts members at the same time, since none serves before most of them are there.
func (c *Cluster) startAll(ctx context.Context, members ...*Member) error {
	errs := make([]error, len(members))
	var group sync.WaitGroup
	for i, m := range members {
		group.Go(func() { errs[i] = m.Start(ctx) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// Len is how many members there are.
func (c *Cluster) Len() int { return len(c.members) }

// Member gives the i-th member, from 0.
func (c *Cluster) Member(i int) *Member { return c.members[i] }

// Addrs are where the members serve clients, host:port each, in their order; they never change. What clients send passes
// no proxy: a partition is one between members.
func (c *Cluster) Addrs() []string {
	var all []string
	for _, m := range c.members {
		all = append(all, m.Addr())
	}
	return all
}

// Etcd is a client of etcd's own API through all members.
func (c *Cluster) Etcd() *clientv3.Client { return c.etcd }

// Leader is the member that leads, as seen by those that answer: the one of the highest term.
func (c *Cluster) Leader(ctx context.Context) (int, error) {
	for {
		if i := c.leads(ctx); i >= 0 {
			return i, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return -1, fmt.Errorf("looking for the leader: %w", err)
		}
	}
}

// leads asks every member once; -1 when none says that it leads.
func (c *Cluster) leads(ctx context.Context) int {
	terms := make([]uint64, len(c.members))
	var group sync.WaitGroup
	for i, m := range c.members {
		group.Go(func() {
			if s, err := c.status(ctx, m); err == nil && s.Leader == s.Header.MemberId {
				terms[i] = s.RaftTerm
			}
		})
	}
	group.Wait()
	best := -1
	for i, term := range terms {
		if term > 0 && (best < 0 || term > terms[best]) {
			best = i
		}
	}
	return best
}

func (c *Cluster) status(ctx context.Context, m *Member) (*clientv3.StatusResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return m.etcd.Status(ctx, m.Addr())
}

// Revision is that of the store at some moment while the call lasts. All members are asked, and the first answer counts: who
// asks while it holds should not hold up others for the sake of a member that is away.
func (c *Cluster) Revision(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan int64, len(c.members))
	for _, m := range c.members {
		go func() {
			for ctx.Err() == nil {
				if a, err := m.etcd.Get(ctx, "revision", clientv3.WithCountOnly()); err == nil {
					answers <- a.Header.Revision
					return
				}
				_ = pause(ctx, 10*time.Millisecond) // the loop sees when ctx has ended
			}
		}()
	}
	select {
	case r := <-answers:
		return r, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("asking for the revision: %w", context.Cause(ctx))
	}
}

// AwaitReady returns when every member serves and answers what only a member of a majority can.
func (c *Cluster) AwaitReady(ctx context.Context) error {
	for _, m := range c.members {
		if err := m.awaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// clear ends all members, whatever state a test has left them in.
func (c *Cluster) clear() {
	c.network.healAll()
	for _, m := range c.members {
		if err := m.Kill(); err != nil {
			c.t.Errorf("ending %s: %v", m.name, err)
		}
		m.tell()
	}
}

// folder is one in the test's temporary one.
func (c *Cluster) folder(name string) string { return filepath.Join(c.t.TempDir(), name) }

// list is the setting `members`.
func (c *Cluster) list() string {
	var all []string
	for i := range c.network.n {
		all = append(all, memberName(i)+"="+peerName(i))
	}
	return strings.Join(all, ",")
}

// pause sleeps, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
