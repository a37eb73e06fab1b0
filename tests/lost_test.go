package tests_test

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// grace is how long a caller that was lost keeps its place.
const grace = time.Second

// loss is a way to lose the caller of a wait. It begins the wait and returns what cuts it off.
type loss func(r *rig, q *cpgatev1.LockRequest) (wait *pending[*cpgatev1.LockResponse], cut func())

var losses = map[string]loss{
	"its connection breaks":     breakConnection,
	"it cancels its gRPC call":  cancelCall,
	"it hangs up its REST call": hangUp,
}

func breakConnection(r *rig, q *cpgatev1.LockRequest) (*pending[*cpgatev1.LockResponse], func()) {
	conns := make(chan net.Conn, 1)
	dial := func(ctx context.Context, addr string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			conns <- c
		}
		return c, err
	}
	wait := r.over(connect(r.T, r.addr, grpc.WithContextDialer(dial))).lock(q)
	return wait, func() { _ = (<-conns).Close() }
}

func cancelCall(r *rig, q *cpgatev1.LockRequest) (*pending[*cpgatev1.LockResponse], func()) {
	ctx, cancel := context.WithCancel(r.Context())
	r.Cleanup(cancel)
	return begin(func() (*cpgatev1.LockResponse, error) { return r.Lock(ctx, q) }), cancel
}

func hangUp(r *rig, q *cpgatev1.LockRequest) (*pending[*cpgatev1.LockResponse], func()) {
	return cancelCall(r.over(routes(r.T, r.addr)["REST"]), q)
}

// everyLoss runs a test for each way to lose the caller who waits second in line, behind a holder of the same
// session and before another waiter.
func everyLoss(t *testing.T, f func(s *scenario)) {
	t.Parallel()
	r := started(t, func(c *cpgate.Config) { c.RetryGrace = grace })
	for how, lose := range losses {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f(r.on(t).lose(how, lose))
		})
	}
}

// scenario is a line of three, out of which the caller of the second was lost.
type scenario struct {
	*rig
	name, session string
	asked         *cpgatev1.LockRequest
	before        []*cpgatev1.Ticket // the line
	behind        *pending[*cpgatev1.LockResponse]
	lost          time.Time
}

func (r *rig) lose(name string, lose loss) *scenario {
	r.Helper()
	s := &scenario{rig: r, name: name, session: r.session(0)}
	r.hold(&cpgatev1.LockRequest{Name: name, SessionId: s.session})
	s.asked = &cpgatev1.LockRequest{Name: name, SessionId: s.session, Owner: "lost", RequestId: "r"}
	wait, cut := lose(r, s.asked)
	r.awaitLine(name, 2)
	s.behind = r.lock(&cpgatev1.LockRequest{Name: name, SessionId: s.session, Owner: "behind"})
	s.before = r.awaitLine(name, 3)
	s.lost = time.Now()
	cut()
	if a, err := wait.end(r.T); err == nil {
		r.Fatalf("was answered %v", a)
	}
	return s
}

func (s *scenario) unlockAs(owner string) {
	s.Helper()
	s.unlock(&cpgatev1.UnlockRequest{Name: s.name, SessionId: s.session, Owner: owner})
}

// check checks who stands in line, by their places in the line before.
func (s *scenario) check(places ...int) {
	s.Helper()
	now := s.line(s.name)
	same := len(now) == len(places)
	for n := 0; same && n < len(now); n++ {
		same = proto.Equal(now[n], moved(s.before[places[n]], int32(n)))
	}
	if !same {
		s.Errorf("in line are %v, want %v of %v", now, places, s.before)
	}
}

// Who asks again under the same request id within the grace has the place it had (L4), for as long as it takes.
func TestLostCaller_ThatAsksAgainKeepsItsPlace(t *testing.T) {
	everyLoss(t, func(s *scenario) {
		s.asked.Attempt = 1
		retry := s.lock(s.asked)
		time.Sleep(time.Until(s.lost.Add(grace + grace/2))) // until the grace of the first attempt is over
		s.check(0, 1, 2)
		s.unlockAs("")
		s.holds(retry, s.before[1])
		s.check(1, 2)
		s.unlockAs("lost")
		s.holds(s.behind, s.before[2])
	})
}

// Who never asks again leaves no ticket behind when the grace is over (X2), and not before.
func TestLostCaller_ThatNeverComesBackLeavesTheLineAfterTheGrace(t *testing.T) {
	everyLoss(t, func(s *scenario) {
		s.awaitLine(s.name, 2)
		s.checkGrace()
		s.check(0, 2)
	})
}

// That is so, too, when its turn comes meanwhile: nobody was told that it holds.
func TestLostCaller_WhoseTurnComesInTheGraceHoldsNoLonger(t *testing.T) {
	everyLoss(t, func(s *scenario) {
		s.unlockAs("")
		s.check(1, 2)
		s.holds(s.behind, s.before[2])
		s.checkGrace()
		s.check(2)
	})
}

// checkGrace checks that the lost caller's ticket has gone just now.
func (s *scenario) checkGrace() {
	s.Helper()
	if took := time.Since(s.lost); took < grace || took > grace+late {
		s.Errorf("its ticket went after %v", took)
	}
}
