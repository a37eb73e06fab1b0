package tests_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// A record that can't be read is named to everybody who asks, and destroying the latch mends it. Who waits is told.
func TestEtcdctl_ALatchsRecordWrittenOver(t *testing.T) {
	r := started(t)
	const key = "cp/latch/gate"
	for _, scribble := range append(scribbles, "{}", `{"count":0}`, `{"count":-1}`) {
		r.set("gate", 2)
		wait := r.awaiting("gate")
		r.etcdctl("put", "--", key, scribble)
		for _, q := range []proto.Message{
			&cpgatev1.TrySetCountRequest{Name: "gate", Count: 1}, &cpgatev1.CountDownRequest{Name: "gate"},
			&cpgatev1.AwaitRequest{Name: "gate"}, &cpgatev1.GetLatchRequest{Name: "gate"},
		} {
			r.namesTheKey(key, q)
		}
		must(r.ListLatches(r.soon(), &cpgatev1.ListLatchesRequest{}))(t)
		r.destroyLatch("gate")
		if _, err := wait.end(t); reason(err) != "DESTROYED" && reason(err) != "DAMAGED" {
			t.Errorf("record %.40q: the wait ended with %v", scribble, err)
		}
	}
	r.set("gate", 1)
	r.arrive("gate")
	if a := must(r.Await(r.soon(), &cpgatev1.AwaitRequest{Name: "gate"}))(t); !a.GetCompleted() {
		t.Errorf("waiting got %v", a)
	}
}

func (r *rig) destroyLatch(name string) {
	r.Helper()
	a := must(r.DestroyLatch(r.soon(), &cpgatev1.DestroyLatchRequest{Name: name}))(r.T)
	if !a.GetDestroyed() {
		r.Errorf("there was no %q to destroy", name)
	}
}

func (r *rig) remaining(name string) int32 {
	r.Helper()
	return must(r.GetLatch(r.soon(), &cpgatev1.GetLatchRequest{Name: name}))(r.T).GetLatch().GetRemaining()
}

// A key where an arrival belongs is one, whatever is in it; any other key below a latch counts for nothing.
func TestEtcdctl_OnlyArrivalsOfTheRoundCount(t *testing.T) {
	t.Parallel()
	r := started(t)
	round := r.set("gate", 3)
	here := fmt.Sprintf("cp/latch/gate/%d/", round)
	for _, key := range []string{
		"cp/latch/gate/", "cp/latch/gate/x", "cp/latch/gate//x", "cp/latch/gate/x/y", "cp/latch/gate/-1/x", "cp/latch/gate/0/x",
		fmt.Sprintf("cp/latch/gate/%d/x", round-1), fmt.Sprintf("cp/latch/gate/%d/x", round+1),
		fmt.Sprintf("cp/latch/gate/0%d/x", round), "cp/latch/gate/99999999999999999999/x",
		here, here + "a/b", here + "%zz", here + "\xff", here + strings.Repeat("r", 65),
	} {
		r.etcdctl("put", "--", key, "x")
		if left := r.remaining("gate"); left != 3 {
			t.Errorf("%q: %d remain", key, left)
		}
	}
	r.etcdctl("put", "--", here+"x", "\xff")
	if a := must(r.CountDown(r.soon(), &cpgatev1.CountDownRequest{Name: "gate", RequestId: "x"}))(t); a.GetRemaining() != 2 {
		t.Errorf("arriving again got %v", a)
	}
	ctx := r.soon()
	wait := begin(func() (*cpgatev1.AwaitResponse, error) { return r.Await(ctx, &cpgatev1.AwaitRequest{Name: "gate"}) })
	r.arrive("gate")
	r.etcdctl("put", "--", here+"y", "")
	if a := must(wait.end(t))(t); !a.GetCompleted() || r.remaining("gate") != 0 {
		t.Errorf("waiting got %v", a)
	}
	r.destroyLatch("gate")
	if left := r.keys("cp/latch/"); len(left) > 0 {
		t.Errorf("left is %q", left[0].Key)
	}
}

// Everything gone at once ends all waits, and the next to come finds a clean house.
func TestEtcdctl_AllKeysDeletedEndsTheWaitsForLatchesAndPermits(t *testing.T) {
	r := started(t)
	id := r.session(0)
	r.set("gate", 1)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool"})
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "count", Sessionless: true})
	gate := r.awaiting("gate")
	pool := r.acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: id})
	count := r.acquire(&cpgatev1.AcquireRequest{Name: "count"})
	r.awaitPermitWaiters("pool", 1)
	r.awaitPermitWaiters("count", 1)
	r.etcdctl("del", "--prefix", "cp/")
	_, err := gate.end(t)
	r.refuses(err, cpgatev1.ErrorReason_DESTROYED)
	_, err = pool.end(t)
	r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
	_, err = count.end(t)
	r.refuses(err, cpgatev1.ErrorReason_DESTROYED)
	r.set("gate", 1)
	for _, name := range []string{"pool", "count"} {
		r.initialize(&cpgatev1.InitSemaphoreRequest{Name: name, Permits: 1, Sessionless: name == "count"})
	}
	r.take(&cpgatev1.AcquireRequest{Name: "count"})
	r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: r.session(0)})
}
