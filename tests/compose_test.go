package tests_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// The image is built and the compose file is run as README.md says: three members form one cluster that goes on when
// one is stopped, and when one is cut off.
func TestCompose_ThreeMembersGoOnWithoutAnyOneOfThem(t *testing.T) {
	if raceDetector {
		t.Skip("the image has no race detector: the run without it shows the same")
	}
	const project = "cpgate-compose-test"
	e := dockerEngine(t, project)
	ports := []string{"127.0.0.1:2379", "127.0.0.1:22379", "127.0.0.1:32379"}
	for _, p := range ports {
		l, err := net.Listen("tcp", p)
		if err != nil {
			t.Skipf("a port of docker-compose.yml is taken: %v", err)
		}
		_ = l.Close()
	}
	e.build(project)
	t.Cleanup(func() { e.composes("down", "-v") })
	e.up()
	e.composes("up", "-d") // changes nothing
	losing := e.losesOne(ports[0], ports[1])
	e.cutsOneOff(ports[0], losing)
}

// up starts all services and waits until they are well.
func (e *engine) up() {
	e.Helper()
	if e.compose[0] == "docker" {
		e.composes("up", "--no-build", "--wait")
		return
	}
	e.composes("up", "-d", "--no-build") // the older compose can't wait
	for _, s := range strings.Fields(e.composes("config", "--services")) {
		e.awaitHealth(s, "healthy")
	}
}

// losesOne stops the first member while it serves a holder, who goes on through the second.
func (e *engine) losesOne(first, second string) (session string) {
	e.Helper()
	one, two := servingREST(e.T, first), servingREST(e.T, second)
	session = one.session(0)
	before := one.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: session})
	e.composes("stop", "cpgate1")
	two.goesOn()
	two.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: session, Fence: before.GetFence()})
	after := two.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: session})
	if after.GetFence() <= before.GetFence() {
		e.Errorf("fence %d comes after %d", after.GetFence(), before.GetFence())
	}
	e.composes("start", "cpgate1")
	e.awaitHealth("cpgate1", "healthy")
	return session
}

// cutsOneOff takes the third member off the others' network, while somebody waits there for a lock that holder has. It
// stays reachable over a network that the others don't have.
func (e *engine) cutsOneOff(first, holder string) {
	e.Helper()
	const others, clients = "cpgate-compose-test_default", "cpgate-compose-test_clients"
	id := e.container("cpgate3")
	e.docker("network", "create", clients)
	e.Cleanup(func() { e.try(soon, "docker", "network", "rm", clients) })
	e.docker("network", "connect", clients, id)
	e.Cleanup(func() { e.try(soon, "docker", "network", "disconnect", "-f", clients, id) })
	addr := e.docker("inspect", "-f", `{{(index .NetworkSettings.Networks "`+clients+`").IPAddress}}`, id) + ":2379"

	one, three := servingREST(e.T, first), servingREST(e.T, addr)
	waiting := &cpgatev1.LockRequest{Name: "orders", SessionId: three.session(0), RequestId: "the-waiter"}
	wait := three.lock(waiting)
	one.awaitLine("orders", 2)
	e.docker("network", "disconnect", others, id)
	cut := time.Now()
	if a, err := wait.end(e.T); err == nil {
		e.Errorf("who waits at a member that is cut off was told %v", a)
	}
	e.Logf("the wait ended %v after the cut", wait.at.Sub(cut))
	three.await("/readyz to tell of it", func() bool { return readyz(e.T, addr) == http.StatusServiceUnavailable })
	if said, err := e.try(soon, "docker", "exec", id, "/cpgate", "health"); err == nil || !strings.Contains(said, "503 not ready") {
		e.Errorf("its health is %v: %s", err, said)
	}
	one.refused("orders", one.goesOn())
	e.docker("network", "connect", "--alias", "cpgate3", others, id)
	three.await("the member to be well again", func() bool { return readyz(e.T, addr) == http.StatusOK })
	waiting.Attempt++
	wait = three.lock(waiting)
	one.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: holder})
	if a, err := wait.end(e.T); err != nil || a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED {
		e.Errorf("behind it the waiter was told %v, %v", a, err)
	}
}

// goesOn opens a session as soon as the node has a leader again: losing one costs its callers UNAVAILABLE for a moment.
func (r *rig) goesOn() (session string) {
	r.Helper()
	r.await("the others to go on", func() bool {
		s, err := r.OpenSession(r.soon(), &cpgatev1.OpenSessionRequest{})
		if err != nil && status.Code(err) != codes.Unavailable {
			r.Fatalf("opening a session: %v", err)
		}
		session = s.GetSessionId()
		return err == nil
	})
	return session
}

// servingREST makes a rig of a node whose typed calls go over REST.
func servingREST(t *testing.T, addr string) *rig {
	t.Helper()
	r := serving(t, addr)
	return r.over(routes(t, addr)["REST"])
}

// readyz is the status that the node's /readyz answers, 0 for none.
func readyz(t *testing.T, addr string) int {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	q := must(http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", http.NoBody))(t)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0
	}
	defer a.Body.Close()
	return a.StatusCode
}
