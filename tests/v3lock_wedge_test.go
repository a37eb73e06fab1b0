package tests_test

import (
	"context"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// etcd's v3lock hangs for good when some hundred of its waiters are cancelled at once. What it hangs on must be
// its own alone.
func TestV3Lock_CancelledWaitersLeaveOurLocksAlone(t *testing.T) {
	const waiters = 500
	node := startNode(t)
	conn, err := grpc.NewClient(node.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	v3lock := v3lockpb.NewLockClient(conn)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var over sync.WaitGroup
	for range waiters + 1 { // one of them holds
		over.Go(func() { _, _ = v3lock.Lock(ctx, &v3lockpb.LockRequest{Name: []byte("cp/lock/theirs")}) })
	}
	awaitKeys(t, node.Addr(), "cp/lock/theirs/", waiters+1)
	cancel()
	over.Wait()
	for name, call := range routes(t, node.Addr()) {
		t.Run(name, func(t *testing.T) { lockBriskly(t, call, 2*time.Second) })
	}
	start := time.Now()
	node.Stop(t)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

func awaitKeys(t *testing.T, addr, prefix string, n int64) {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for end := time.Now().Add(30 * time.Second); ; {
		r, err := c.Get(t.Context(), prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			t.Fatal(err)
		}
		if r.Count == n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d keys of %d", r.Count, n)
		}
	}
}

// lockBriskly locks and unlocks for a while; no call may take a second.
func lockBriskly(t *testing.T, call route, d time.Duration) {
	t.Helper()
	id := opened(t, call)
	for end := time.Now().Add(d); time.Now().Before(end); {
		start := time.Now()
		mustCall(t, call, lock, &cpgatev1.LockRequest{Name: "ours", SessionId: id})
		mustCall(t, call, unlock, &cpgatev1.UnlockRequest{Name: "ours", SessionId: id})
		mustCall(t, call, getLock, &cpgatev1.GetLockRequest{Name: "theirs"})
		if took := time.Since(start); took > time.Second {
			t.Fatalf("took %v", took)
		}
	}
}
