package tests_test

import (
	"context"
	"io/fs"
	"net"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// SIGTERM while callers wait, ours and etcd's: the program ends well within three seconds, ours are told to ask
// again, and those who do so find their place kept by the next run.
func TestStop_TellsThoseWhoWaitToAskAgainAndKeepsTheirPlaces(t *testing.T) {
	t.Parallel()
	p := runProgram(t)
	r := serving(t, p.addr)
	id := r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	asked := []*cpgatev1.LockRequest{
		{Name: "orders", SessionId: id, Owner: "first", RequestId: "1"},
		{Name: "orders", SessionId: id, Owner: "second", RequestId: "2"},
	}
	waiting := []*pending[*cpgatev1.LockResponse]{
		r.lock(asked[0]),
		r.over(routes(t, p.addr)["REST"]).after(2).lock(asked[1]),
	}
	r.awaitLine("orders", 3)
	r.waitAsEtcdClients("orders")
	before := r.awaitLine("orders", 5)

	if code, took := p.stop(); code != 0 || took > 3*time.Second {
		t.Errorf("ended with %d after %v", code, took)
	}
	for _, w := range waiting {
		_, err := w.end(t)
		r.refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
		if !hintsToRetry(err) {
			t.Errorf("no hint to ask again: %v", status.Convert(err).Details())
		}
	}
	checkNothingRuns(t, p)

	p.start()
	for n, q := range asked {
		q.Attempt = 1
		waiting[n] = r.lock(q)
	}
	for n, w := range waiting {
		owner := ""
		if n > 0 {
			owner = asked[n-1].GetOwner()
		}
		r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id, Owner: owner})
		r.holds(w, before[n+1])
	}
}

// after waits for the line of orders to be so long and returns the rig.
func (r *rig) after(n int) *rig {
	r.Helper()
	r.awaitLine("orders", n)
	return r
}

// waitAsEtcdClients waits for a lock with a Mutex and with v3lock; how these waits end is theirs to say.
func (r *rig) waitAsEtcdClients(name string) {
	r.Helper()
	s := must(concurrency.NewSession(r.etcd))(r.T)
	ctx, cancel := context.WithCancel(r.Context())
	r.Cleanup(cancel)
	go func() { _ = concurrency.NewMutex(s, "cp/lock/"+name).Lock(ctx) }()
	contendWithV3Lock(r, name)
}

func hintsToRetry(err error) bool {
	for _, d := range status.Convert(err).Details() {
		if i, ok := d.(*errdetails.RetryInfo); ok && i.GetRetryDelay().AsDuration() > 0 {
			return true
		}
	}
	return false
}

// checkNothingRuns checks that a program that has ended left no socket in its folder and serves no port.
func checkNothingRuns(t *testing.T, p *program) {
	t.Helper()
	if c, err := net.Dial("tcp", p.addr); err == nil {
		_ = c.Close()
		t.Errorf("%s still answers", p.addr)
	}
	err := filepath.WalkDir(p.data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSocket != 0 {
			t.Errorf("left the socket %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
