package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// door stands before the servers that a client calls, gives tokens for one password and lets nobody pass without. A node
// with access control shows the same, but not which call comes in which moment.
type door struct {
	mu     sync.Mutex
	open   bool                // there is no access control
	apart  bool                // a server knows only the tokens that it gave itself
	locked bool                // no token is good
	busy   time.Duration       // how long a login takes
	known  map[string][]string // the tokens that servers know
	logins []string            // where somebody logged in
	calls  int                 // that were let in or not
	beats  int                 // heartbeats that were let in
}

// behind gives the client of a cluster behind d.
func (d *door) behind(t *testing.T, password string, addrs ...string) *client.Client {
	t.Helper()
	d.known = map[string][]string{}
	cfg := at(addrs...)
	cfg.User, cfg.Password = "alice", password
	cfg.DialOptions = []grpc.DialOption{grpc.WithChainUnaryInterceptor(d.enter)}
	return connect(t, cfg)
}

func (d *door) enter(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	q, ok := req.(*cpgatev1.LoginRequest)
	switch {
	case ok:
		return d.login(conn.Target(), q, reply.(*cpgatev1.LoginResponse))
	case !d.lets(ctx, conn.Target()):
		return refuse(codes.Unauthenticated, "UNAUTHENTICATED")
	}
	if _, ok := req.(*cpgatev1.HeartbeatRequest); ok {
		d.change(func() { d.beats++ })
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}

func (d *door) login(server string, q *cpgatev1.LoginRequest, r *cpgatev1.LoginResponse) error {
	time.Sleep(max(d.busy, 20*time.Millisecond)) // so that others come meanwhile
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logins = append(d.logins, server)
	switch {
	case d.open:
		return refuse(codes.FailedPrecondition, "AUTH_NOT_ENABLED")
	case q.GetUser() != "alice" || q.GetPassword() != "secret":
		return refuse(codes.Unauthenticated, "UNAUTHENTICATED")
	}
	r.Token = fmt.Sprint("token ", len(d.logins))
	d.known[d.knows(server)] = append(d.known[d.knows(server)], r.GetToken())
	return nil
}

// knows names the one who keeps a server's tokens.
func (d *door) knows(server string) string {
	if d.apart {
		return server
	}
	return "all"
}

func (d *door) lets(ctx context.Context, server string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	md, _ := metadata.FromOutgoingContext(ctx)
	shown := md.Get("authorization")
	if d.open {
		return len(shown) == 0
	}
	isIt := func(token string) bool { return slices.Equal(shown, []string{"Bearer " + token}) }
	return !d.locked && slices.ContainsFunc(d.known[d.knows(server)], isIt)
}

// change does something to d that its callers meet at their next call.
func (d *door) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *door) expectLogins(t *testing.T, want int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.logins) != want {
		t.Errorf("logged in %d times, want %d: %v", len(d.logins), want, d.logins)
	}
}

func refuse(code codes.Code, reason string) error {
	st, err := status.New(code, reason).WithDetails(&errdetails.ErrorInfo{Domain: "cpgate", Reason: reason})
	if err != nil {
		return err
	}
	return st.Err()
}

// name gives names of the test's own, since the examples' node serves them all.
func name(t *testing.T, i int) string { return fmt.Sprintf("%s %d", t.Name(), i) }

// cycle locks and unlocks, and tells what went wrong.
func cycle(ctx context.Context, l *client.Lock) error {
	if _, err := l.Lock(ctx); err != nil {
		return err
	}
	return l.Unlock(ctx)
}

func TestLogin_ComesOnceForAllThatNeedIt(t *testing.T) {
	d := &door{}
	c := d.behind(t, "secret", addr)
	var all errgroup.Group
	for i := range 50 {
		all.Go(func() error { return c.Latch(name(t, i)).CountDown(within(t)) })
		all.Go(func() error { return cycle(within(t), c.Lock(fmt.Sprint(i))) })
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	d.expectLogins(t, 1)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// Who holds, waits, heartbeats or gives back does not notice that a token has ended.
func TestLogin_ComesAnewWhenItsTokenHasEnded(t *testing.T) {
	t.Parallel()
	d := &door{}
	node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) { c.SessionHeartbeatIntervalSeconds = 1 }))
	s, c := wire(t, node.Addr()), d.behind(t, "secret", node.Addr())
	busy := node.Client(t).Lock("busy")
	lock(t, busy)
	waiting := lockAside(within(t), c.Lock("busy"))
	s.awaitWaiters(t, "busy", 1)
	place := s.look(t, "busy").GetWaiters()[0].GetFence()
	var all errgroup.Group
	for i := range 10 {
		all.Go(func() error {
			for range 100 {
				if err := cycle(within(t), c.Lock(fmt.Sprint(i))); err != nil {
					return err
				}
				time.Sleep(10 * time.Millisecond)
			}
			return nil
		})
	}
	const ends = 5
	for n := range ends {
		d.change(func() { clear(d.known) })
		await(t, func() (anew bool) {
			d.change(func() { anew = len(d.logins) == n+2 })
			return anew
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	beats := 0
	d.change(func() {
		if n := len(d.logins); n != ends+1 {
			t.Errorf("logged in %d times while tokens ended %d times", n, ends)
		}
		clear(d.known)
		beats = d.beats
	})
	await(t, func() (ok bool) {
		d.change(func() { ok = d.beats > beats })
		return ok
	})
	unlock(t, busy)
	if g := receive(t, waiting); g.err != nil || int64(g.fence) != place {
		t.Errorf("%+v, want fence %d", g, place)
	}
}

func TestLogin_ThatIsRefusedIsTheAnswer(t *testing.T) {
	d := &door{}
	c := d.behind(t, "wrong", addr)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if err := c.Latch(name(t, i)).CountDown(within(t)); !errors.Is(err, client.ErrUnauthenticated) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if n := len(d.logins); n > 10 {
		t.Errorf("logged in %d times for 50 calls at once", n)
	}
	d.expectCalls(t, 0)
	_, err := c.SessionID(within(t))
	if want := `opening session: logging in as "alice": UNAUTHENTICATED`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func (d *door) expectCalls(t *testing.T, want int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls != want {
		t.Errorf("%d calls came to the door, want %d", d.calls, want)
	}
}

func TestLogin_WhoseTokensAreNeverGoodEnds(t *testing.T) {
	d := &door{locked: true}
	c := d.behind(t, "secret", addr)
	if _, err := c.SessionID(within(t)); !errors.Is(err, client.ErrUnauthenticated) {
		t.Errorf("%v", err)
	}
	d.expectCalls(t, 3)
	d.expectLogins(t, 3)
}

func TestLogin_IsNotAskedAgainWithoutAccessControl(t *testing.T) {
	d := &door{open: true}
	c := d.behind(t, "secret", addr)
	l := c.Lock(name(t, 1))
	lock(t, l)
	unlock(t, l)
	d.expectLogins(t, 1)
	d.change(func() { d.open = false })
	lock(t, l)
	unlock(t, l)
	d.expectLogins(t, 2)
}

func TestLogin_IsGoodAtEveryMember(t *testing.T) {
	d := &door{}
	first := newProxy(t, addr)
	c := d.behind(t, "secret", first.addr(), addr)
	lock(t, c.Lock(name(t, 1)))
	first.cut()
	lock(t, c.Lock(name(t, 2)))
	d.expectLogins(t, 1)
}

// A node without a member does not know what another one has let in.
func TestLogin_ComesOnceToEachServerThatKnowsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	d := &door{apart: true}
	s, first, second := wire(t, addr), newProxy(t, addr), newProxy(t, addr)
	c := d.behind(t, "secret", first.addr(), second.addr())
	busy := c.Lock(name(t, 1))
	lock(t, busy)
	first.cut()
	lock(t, c.Lock(name(t, 2)))
	first.mend()
	second.cut()
	unlock(t, busy)
	s.awaitFree(t, name(t, 1))
	d.expectLogins(t, 2)
}

// Checking a password takes a server that is busy longer than any other call may take.
func TestLogin_IsWaitedForWhileTheServerIsBusy(t *testing.T) {
	t.Parallel()
	d := &door{busy: 4 * time.Second}
	if _, err := d.behind(t, "secret", addr).SessionID(within(t)); err != nil {
		t.Error(err)
	}
	d.expectLogins(t, 1)
}

func TestLogin_IsNotWaitedForByWhoHasLeft(t *testing.T) {
	t.Parallel()
	d := &door{busy: 4 * time.Second}
	c := d.behind(t, "secret", addr)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.SessionID(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 3*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}
