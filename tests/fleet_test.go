package tests_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// fleet is the real program several times, as the members of one cluster.
type fleet struct {
	*testing.T
	all     []*program
	members []string // as the setting has them
}

// newFleet is n members, each to be run in a process of its own. The first of them vote.
func newFleet(t *testing.T, n, voters int) *fleet {
	t.Helper()
	f := &fleet{T: t}
	for i := range n {
		f.members = append(f.members, fmt.Sprintf("m%d=%s", i, unused(t)))
	}
	for i := range n {
		f.all = append(f.all, newProgram(t,
			"--name", fmt.Sprint("m", i), "--cp-member-count", fmt.Sprint(n), "--group-size", fmt.Sprint(voters),
			"--members", strings.Join(f.members, ",")))
	}
	return f
}

// runFleet runs n members. All vote, unless it is said how many.
func runFleet(t *testing.T, n int, voters ...int) *fleet {
	t.Helper()
	f := newFleet(t, n, append(voters, n)[0])
	f.run()
	return f
}

// run starts all members, until the end of the test.
func (f *fleet) run() {
	f.Helper()
	f.start(f.all...)
	for _, p := range f.all {
		f.Cleanup(p.clear)
	}
}

// start starts members at the same time, since none serves before most of them are there.
func (f *fleet) start(members ...*program) {
	f.Helper()
	var group sync.WaitGroup
	for _, p := range members {
		group.Go(p.start)
	}
	group.Wait()
	if f.Failed() {
		f.FailNow()
	}
}

// addrs are where the members serve.
func (f *fleet) addrs() (addrs []string) {
	for _, p := range f.all {
		addrs = append(addrs, p.addr)
	}
	return addrs
}

// firstPort and ports are a range that systems leave to those who ask for a port by its number.
const firstPort, ports = 10_000, 20_000

// portsTaken is how many of them were looked at, from some first one on.
var portsTaken = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(rand.Int64N(ports))
	return &n
}()

// unused returns an address at which nobody listens, nor will: it is no other test's, and no connection's own.
func unused(t *testing.T) string {
	t.Helper()
	for range ports {
		addr := fmt.Sprintf("127.0.0.1:%d", firstPort+portsTaken.Add(1)%ports)
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// leader is the member that leads, as another one sees it.
func (f *fleet) leader() int {
	f.Helper()
	r := serving(f.T, f.all[0].addr)
	for i, p := range f.all {
		st, err := r.etcd.Status(r.soon(), p.addr)
		if err == nil && st.Leader == st.Header.MemberId {
			return i
		}
	}
	f.Fatal("no leader")
	return -1
}
