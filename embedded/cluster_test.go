package embedded_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate/embedded"
)

// freeAddress returns an address that nobody listens at just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// cluster returns the configurations of n members that form one cluster.
func cluster(t *testing.T, n int) []embedded.Config {
	t.Helper()
	var peers []embedded.Peer
	for i := range n {
		peers = append(peers, embedded.Peer{Name: fmt.Sprintf("m%d", i), Address: freeAddress(t)})
	}
	var all []embedded.Config
	for _, p := range peers {
		all = append(all, embedded.Config{
			Name: p.Name, DataDir: t.TempDir(), Cluster: embedded.Cluster{Listen: p.Address, Peers: peers},
		})
	}
	return all
}

// startAll starts members at the same time: none is ready before a majority is there.
func startAll(t *testing.T, all []embedded.Config) []*embedded.Member {
	t.Helper()
	members := make([]*embedded.Member, len(all))
	var group sync.WaitGroup
	for i, c := range all {
		group.Go(func() {
			m, err := embedded.Start(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			members[i] = m
		})
	}
	group.Wait()
	for _, m := range members {
		if m == nil {
			t.FailNow()
		}
		t.Cleanup(func() { closeNow(t, m) })
	}
	return members
}

func TestThreeMembersFormAClusterThatOutlivesAnyOneOfThem(t *testing.T) {
	for lost := range 3 {
		t.Run(fmt.Sprint("without m", lost), func(t *testing.T) {
			t.Parallel()
			all := cluster(t, 3)
			members := startAll(t, all)
			put(t, members[0], "a", "1")
			for _, m := range members {
				wantValue(t, m, "a", "1")
			}
			closeNow(t, members[lost])
			next := client(t, members[(lost+1)%3])
			eventually(t, "a write without it", func() bool { // what is asked of the leader that goes is lost with it
				_, err := next.Put(t.Context(), "a", "2")
				return err == nil
			})
			wantValue(t, members[(lost+2)%3], "a", "2")

			back, err := embedded.Start(t.Context(), all[lost])
			if err != nil {
				t.Fatal(err)
			}
			defer closeNow(t, back)
			wantValue(t, back, "a", "2")
		})
	}
}

func TestAMemberAloneInItsClusterIsNotReadyAndKeepsWhatItWrote(t *testing.T) {
	t.Parallel()
	all := cluster(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := embedded.Start(ctx, all[0]); err == nil {
		t.Fatal("ready without a majority")
	}
	startAll(t, all) // the folder of the first try is good for a second
}
