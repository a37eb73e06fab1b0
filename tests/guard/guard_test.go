package guard

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// cycles has so many callers lock and unlock a lock of their own, each so often.
func cycles(t *testing.T, c *client.Client, callers, each int) {
	t.Helper()
	errs := make([]error, callers)
	var group sync.WaitGroup
	for n := range callers {
		l := c.Lock("own-" + strconv.Itoa(n))
		group.Go(func() {
			for range each {
				_, err := l.Lock(t.Context())
				if errs[n] = errors.Join(err, l.Unlock(t.Context())); errs[n] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// mallocs is how many objects were allocated.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

func noStream(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "no streams")
}

// Of client, gateway and etcd together, each transaction in a proposal of its own: 800 objects by a stream and 1,000 by unary
// calls when the bounds were set.
func TestALockAndAnUnlockAllocateNoMoreThanSoMuch(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates too")
	}
	for via, c := range map[string]struct {
		options []grpc.DialOption
		most    float64
	}{
		"a stream":    {nil, 1200},
		"unary calls": {[]grpc.DialOption{grpc.WithStreamInterceptor(noStream)}, 1500},
	} {
		t.Run(via, func(t *testing.T) {
			const warm, n = 100, 600
			calls, err := client.NewWith(client.Config{Endpoints: []string{cpgatetest.Start(t).Addr()}, DialOptions: c.options})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = calls.Close() })
			cycles(t, calls, 1, warm)
			before := mallocs()
			cycles(t, calls, 1, n)
			got := float64(mallocs()-before) / n
			if t.Logf("%.0f objects for each", got); got > c.most {
				t.Errorf("no more than %.0f were to be", c.most)
			}
		})
	}
}

// The etcd is far away, so that what comes while a proposal is under way does not depend on how fast disks and processors are.
func TestManyCallersShareProposals(t *testing.T) {
	const callers, least, away = 256, 8, 100 * time.Millisecond
	etcd := far(t, cpgatetest.Start(t).Addr(), away)
	node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) { c.CPMemberCount, c.EtcdEndpoints = 0, []string{etcd} }))
	c := node.Client(t)
	cycles(t, c, callers, 1)
	before, in := groups(t, node.Addr())
	cycles(t, c, callers, 2)
	after, of := groups(t, node.Addr())
	average := (after - before) / (of - in)
	if t.Logf("%.1f transactions to a proposal", average); average <= least {
		t.Errorf("more than %d were to be, of %d callers", least, callers)
	}
}

// groups returns how many transactions were proposed, in how many proposals.
func groups(t *testing.T, addr string) (transactions, proposals float64) {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "cpgate_commit_group_size_sum":
			transactions = n
		case "cpgate_commit_group_size_count":
			proposals = n
		}
	}
	if proposals == 0 {
		t.Fatal("no sizes of groups in the metrics")
	}
	return transactions, proposals
}
