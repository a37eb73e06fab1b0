package tests_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const (
	// cutNoticed is when a gateway that is cut off must have ended its waits: two election timeouts, and what a loaded
	// machine may need on top.
	cutNoticed = 2*time.Second + 2*time.Second
	// cutFor is how long it stays cut off: for a while after it knows.
	cutFor = 5 * time.Second
)

// A gateway that is cut off from the quorum says neither yes nor no to anybody, and says why; its waits end, and go on there
// as soon as it is back (L1, X3). Whether they still have their place depends on how long that took.
func TestCutOff_AGatewayWithoutAQuorumAnswersNothingAndComesBack(t *testing.T) {
	for _, who := range []string{"a follower", "the leader"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			f, w := runWiredFleet(t)
			off := f.leader()
			if who == "a follower" {
				off = (off + 1) % 3
			}
			at, r, other := serving(t, f.all[off].addr), serving(t, f.all[(off+1)%3].addr), f.all[(off+2)%3]
			id := r.session(0)
			r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
			q := &cpgatev1.LockRequest{Name: "orders", SessionId: id, Owner: "w", RequestId: "w"}
			wait := at.lock(q)
			r.awaitLine("orders", 2)

			w.cut(off)
			cut := time.Now()
			tries := at.tries(id, cut.Add(cutFor))
			_, err := wait.end(t)
			r.refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
			if took := wait.at.Sub(cut); took > cutNoticed {
				t.Errorf("the wait ended after %v", took)
			} else {
				t.Logf("the wait ended after %v", took)
			}
			if code, said := at.readyz(); code != http.StatusServiceUnavailable || !strings.Contains(said, "leader") {
				t.Errorf("/readyz says %d %s", code, said)
			}
			f.goesOn("elsewhere", f.all[(off+1)%3], other)
			if n := must(tries.end(t))(t); n == 0 {
				t.Error("nobody tried")
			}

			w.heal()
			wait = at.insist(q)
			at.await("its return", func() bool { code, _ := at.readyz(); return code == http.StatusOK })
			r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
			if a := must(wait.end(t))(t); a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED {
				t.Errorf("behind it the waiter got %v", a)
			}
		})
	}
}

// insist asks again, as a client would, for as long as the answer is that there is none.
func (r *rig) insist(q *cpgatev1.LockRequest) *pending[*cpgatev1.LockResponse] {
	ctx := r.soon()
	return begin(func() (*cpgatev1.LockResponse, error) {
		for {
			q.Attempt++
			a, err := r.Lock(ctx, q)
			if status.Code(err) != codes.Unavailable {
				return a, err
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

// tries tries what could be answered yes, no, and by looking, until then, and tells how often.
func (r *rig) tries(session string, until time.Time) *pending[int] {
	free := &cpgatev1.LockRequest{Name: "free", SessionId: session, Timeout: atOnce}
	taken := &cpgatev1.LockRequest{Name: "orders", SessionId: session, Owner: "try", Timeout: atOnce}
	return begin(func() (n int, _ error) {
		for ; time.Now().Before(until); n++ {
			for _, q := range []*cpgatev1.LockRequest{free, taken} {
				a, err := r.Lock(r.soon(), q)
				if err == nil {
					r.Errorf("trying %s got %v", q.GetName(), a)
				}
				r.refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
			}
			a, err := r.GetLock(r.soon(), &cpgatev1.GetLockRequest{Name: "orders"})
			if err == nil {
				r.Errorf("looking got %v", a)
			}
			r.refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
			time.Sleep(20 * time.Millisecond)
		}
		return n, nil
	})
}
