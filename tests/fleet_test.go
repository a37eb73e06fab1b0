package tests_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// fleet is the real program several times, as the members of one cluster.
type fleet struct {
	*testing.T
	all []*program
}

// runFleet runs n members, each in a process of its own. The first of them vote, all unless it is said how many.
func runFleet(t *testing.T, n int, voters ...int) *fleet {
	t.Helper()
	groupSize := append(voters, n)[0]
	var peers []string
	for i := range n {
		peers = append(peers, fmt.Sprintf("m%d=%s", i, unused(t)))
	}
	f := &fleet{T: t}
	for i := range n {
		f.all = append(f.all, newProgram(t,
			"--name", fmt.Sprint("m", i), "--cp-member-count", fmt.Sprint(n), "--group-size", fmt.Sprint(groupSize),
			"--members", strings.Join(peers, ",")))
	}
	f.start(f.all...)
	for _, p := range f.all {
		t.Cleanup(p.clear)
	}
	return f
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

// unused returns an address at which nobody listens just now.
func unused(t *testing.T) string {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
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
