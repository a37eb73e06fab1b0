package tests_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// A holder whose ticket was written over holds no more as far as we can tell; nobody else does either until the key
// is removed.
func TestEtcdctl_AHoldersTicketWrittenOver(t *testing.T) {
	t.Parallel()
	r := started(t)
	for name, put := range map[string][]string{
		"with no lease any more": {"put"},
		"on its lease":           {"put", "--ignore-lease"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := r.on(t)
			id, other := r.session(0), r.session(0)
			a := r.hold(&cpgatev1.LockRequest{Name: name, SessionId: id})
			next := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: other})
			line := r.awaitLine(name, 2)
			r.etcdctl(append(put, line[0].GetKey(), "{broken")...)
			for _, fence := range []int64{0, a.GetFence()} {
				_, err := r.Unlock(r.soon(), &cpgatev1.UnlockRequest{Name: name, SessionId: id, Fence: fence})
				r.refuses(err, cpgatev1.ErrorReason_NOT_HOLDER)
			}
			if h := r.refused(name, id); !h.GetForeign() || h.GetKey() != line[0].GetKey() || h.GetFence() != a.GetFence() {
				t.Errorf("held by %v", h)
			}
			again := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: id})
			if next.answered() || len(r.line(name)) != 2 {
				t.Errorf("in line are %v", r.line(name))
			}
			r.etcdctl("del", line[0].GetKey())
			r.holds(next, line[1])
			r.awaitLine(name, 2)
			r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: other})
			must(again.end(t))(t)
			r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: id})
		})
	}
}

// A waiter whose ticket was written over is told which key it is; once that is removed it can wait anew, at the end.
func TestEtcdctl_AWaitersTicketWrittenOver(t *testing.T) {
	t.Parallel()
	r := started(t)
	id, other := r.session(0), r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: other})
	wait := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	r.awaitLine("orders", 2)
	behind := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: other, Owner: "behind"})
	line := r.awaitLine("orders", 3)
	r.etcdctl("put", line[1].GetKey(), "")
	_, err := wait.end(t)
	r.refuses(err, cpgatev1.ErrorReason_DAMAGED)
	if !strings.Contains(err.Error(), line[1].GetKey()) {
		t.Errorf("does not name the key: %v", err)
	}
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: other})
	if now := r.line("orders"); !now[0].GetForeign() || behind.answered() {
		t.Errorf("in line are %v", now)
	}
	r.etcdctl("del", line[1].GetKey())
	r.holds(behind, line[2])
	wait = r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	line = r.awaitLine("orders", 2)
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: other, Owner: "behind"})
	r.holds(wait, line[1])
}

// A holder whose ticket was removed has lost the lock to the next one, and is not told otherwise.
func TestEtcdctl_AHoldersTicketRemoved(t *testing.T) {
	t.Parallel()
	r := started(t)
	id, other := r.session(0), r.session(0)
	a := r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	next := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: other})
	line := r.awaitLine("orders", 2)
	value := r.etcdctl("get", "--print-value-only", line[0].GetKey())
	r.etcdctl("del", line[0].GetKey())
	r.holds(next, line[1])
	u := r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id, Fence: a.GetFence()})
	if !u.GetAlreadyReleased() {
		t.Errorf("unlocking got %v", u)
	}
	_, err := r.Unlock(r.soon(), &cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_NOT_HOLDER)

	r.etcdctl("put", "--lease", id, line[0].GetKey(), value) // the same again is a new ticket
	if now := r.awaitLine("orders", 2); now[0].GetFence() != line[1].GetFence() || now[1].GetFence() <= line[1].GetFence() {
		t.Errorf("in line are %v", now)
	}
	_, err = r.Unlock(r.soon(), &cpgatev1.UnlockRequest{Name: "orders", SessionId: id, Fence: a.GetFence()})
	r.refuses(err, cpgatev1.ErrorReason_NOT_HOLDER)
}

// A waiter whose ticket was removed is told at once to ask again, and gets a new place when it does.
func TestEtcdctl_AWaitersTicketRemoved(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	q := &cpgatev1.LockRequest{Name: "orders", SessionId: id, Owner: "w", RequestId: "r"}
	wait := r.lock(q)
	key := r.awaitLine("orders", 2)[1].GetKey()
	r.etcdctl("del", key)
	if _, err := wait.end(t); status.Code(err) != codes.Unavailable || !hintsToRetry(err) {
		t.Errorf("the wait ended with %v", err)
	}
	q.Attempt = 1
	wait = r.lock(q)
	line := r.awaitLine("orders", 2)
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
	r.holds(wait, line[1])
}

// A memo that can't be read still says that its request is over.
func TestEtcdctl_AMemoWrittenOver(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	r.etcdctl("put", "cp/memo/"+id+"/lock/orders/r", "")
	_, err := r.Lock(r.soon(), &cpgatev1.LockRequest{Name: "orders", SessionId: id, RequestId: "r"})
	r.refuses(err, cpgatev1.ErrorReason_WAIT_CANCELLED)
	r.etcdctl("del", "cp/memo/"+id+"/lock/orders/r")
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id, RequestId: "r"})
}
