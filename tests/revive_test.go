package tests_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// What was true when the program was killed is true when it is back (R1): who holds, how often, and who waits, in
// which order, also those that are not ours; a request that was answered before is answered the same; and those who
// wait and ask again are served when their turn comes.
func TestKill_LeavesHoldersAndWaitersAsTheyWere(t *testing.T) {
	t.Parallel()
	p := runProgram(t)
	r := serving(t, p.addr)
	a, b, c := r.session(0), r.session(600), r.session(60)
	held := r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: a, RequestId: "a1"})
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: a, RequestId: "a2"})
	r.hold(&cpgatev1.LockRequest{Name: "other", SessionId: a, Owner: "somebody"})
	atB := r.persist(&cpgatev1.LockRequest{Name: "orders", SessionId: b, RequestId: "b"})
	r.awaitLine("orders", 2)
	foreign := r.stand("cp/lock/orders/7b")
	atC := r.persist(&cpgatev1.LockRequest{Name: "orders", SessionId: c, RequestId: "c"})
	line := r.awaitLine("orders", 4)

	for range 2 {
		before := r.state()
		p.kill()
		p.start()
		if after := r.state(); !before.equal(after) {
			t.Errorf("before\n%v\nafter\n%v", before, after)
		}
	}

	again := r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: a, RequestId: "a2", Attempt: 1})
	if again.GetFence() != held.GetFence() || again.GetHoldCount() != 2 {
		t.Errorf("asked again for a2: %v; a1 got %v", again, held)
	}
	for _, want := range []int32{1, 1} {
		u := &cpgatev1.UnlockRequest{Name: "orders", SessionId: a, Fence: held.GetFence(), RequestId: "u"}
		if got := r.unlock(u); got.GetHoldCount() != want {
			t.Errorf("the same unlock again: %v, want hold count %d", got, want)
		}
	}
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: a})
	r.holds(atB, line[1])
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: b})
	if now := r.line("orders"); !proto.Equal(moved(line[2], 0), now[0]) || atC.answered() {
		t.Errorf("in line are %v, want first %v", now, line[2])
	}
	must(r.etcd.Delete(r.soon(), foreign))(t)
	r.holds(atC, line[3])
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: c})
	r.awaitLine("orders", 0)
	for _, id := range []string{a, b, c} {
		must(r.Heartbeat(r.soon(), &cpgatev1.HeartbeatRequest{SessionId: id}))(t)
	}
}

// A caller that was cut off by a kill and never asks again leaves the line once the dead gateway is known to be
// gone; whoever holds keeps what it may have been told of.
func TestKill_WaitersThatNeverComeBackLeaveTheLine(t *testing.T) {
	t.Parallel()
	p := runProgram(t)
	r := serving(t, p.addr)
	holder := r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: holder})
	lost := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: r.session(0)})
	r.awaitLine("orders", 2)
	dead := r.keys("cp/gateway/")[0]
	p.kill()
	if _, err := lost.end(t); status.Code(err) != codes.Unavailable {
		t.Errorf("the lost call got %v", err)
	}
	p.start()
	if n := len(r.line("orders")); n != 2 {
		t.Errorf("%d in line", n)
	}
	// Its lease would expire by itself, after ten seconds.
	must(r.etcd.Revoke(r.soon(), clientv3.LeaseID(dead.Lease)))(t)
	r.awaitLine("orders", 1)
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: holder})
	r.awaitLine("orders", 0)
}

// persist begins a call that asks again, as our client does, for as long as nobody answers.
func (r *rig) persist(q *cpgatev1.LockRequest) *pending[*cpgatev1.LockResponse] {
	ctx := r.soon()
	return begin(func() (*cpgatev1.LockResponse, error) {
		for {
			a, err := r.Lock(ctx, q)
			if status.Code(err) != codes.Unavailable || ctx.Err() != nil {
				return a, err
			}
			q.Attempt++
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// stand puts a key as another etcd client does, with a lease of its own, and returns it.
func (r *rig) stand(key string) string {
	r.Helper()
	lease := must(r.etcd.Grant(r.soon(), contenderTTL))(r.T)
	r.Cleanup(func() { _, _ = r.etcd.Revoke(context.WithoutCancel(r.Context()), lease.ID) })
	must(r.etcd.Put(r.soon(), key, "", clientv3.WithLease(lease.ID)))(r.T)
	return key
}

// holds checks that a call got the lock by the ticket it waited with.
func (r *rig) holds(call *pending[*cpgatev1.LockResponse], as *cpgatev1.Ticket) {
	r.Helper()
	a := must(call.end(r.T))(r.T)
	if a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED || a.GetFence() != as.GetFence() {
		r.Errorf("got %v, waited as %v", a, as)
	}
}

// moved is the ticket at another place in line.
func moved(t *cpgatev1.Ticket, n int32) *cpgatev1.Ticket {
	m := proto.CloneOf(t)
	m.Position = n
	return m
}

// state is what state finds.
type state struct {
	shown []proto.Message
	keys  []string
}

// state is everything that is to outlive the program: the locks with their lines, the sessions, and of each key when
// it came and which lease it hangs on.
func (r *rig) state() (s state) {
	r.Helper()
	locks := must(r.ListLocks(r.soon(), &cpgatev1.ListLocksRequest{}))(r.T)
	for _, l := range locks.GetLocks() {
		s.shown = append(s.shown, r.look(l.GetName()))
	}
	s.shown = append(s.shown, must(r.ListSessions(r.soon(), &cpgatev1.ListSessionsRequest{}))(r.T))
	for _, prefix := range []string{"cp/lock/", "cp/session/"} {
		for _, k := range r.keys(prefix) {
			s.keys = append(s.keys, fmt.Sprintf("%s since %d on %x", k.Key, k.CreateRevision, k.Lease))
		}
	}
	return s
}

func (s state) equal(o state) bool {
	return slices.EqualFunc(s.shown, o.shown, proto.Equal) && slices.Equal(s.keys, o.keys)
}
