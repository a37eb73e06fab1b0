package tests_test

import (
	"testing"

	"github.com/cpgate/cpgate/client"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// A token is good at every member. One that has been killed has forgotten those it knew; the client, which has the password,
// logs in again, and its callers see no error.
func TestAccess_TokensInAClusterWhoseMembersDie(t *testing.T) {
	if *kind != "member" {
		t.Skip("a cluster of its own")
	}
	t.Parallel()
	f := runFleet(t, 3)
	r := &realm{rig: serving(t, f.all[0].addr)}
	r.addUser("alice", permission{kind: canBoth, key: "cp/lock/probe/", prefix: true})
	r.enable()

	token := r.login("alice")
	var id string
	for _, p := range f.all {
		for route, call := range routes(t, p.addr) {
			as := r.as(call, token)
			as.await("the token to be good at "+p.addr+" over "+route, func() bool {
				a, err := as.OpenSession(as.soon(), &cpgatev1.OpenSessionRequest{RequestId: "one"})
				if err == nil && id != "" && a.GetSessionId() != id {
					t.Errorf("alice has the sessions %s and %s", id, a.GetSessionId())
				}
				id = a.GetSessionId()
				return err == nil
			})
		}
	}
	probe := startProbe(t, f.addrs(), func(c *client.Config) { c.User, c.Password = "alice", passwordOf("alice") })
	for _, p := range f.all {
		probe.awaitLoops(t, 10)
		p.kill()
		probe.awaitLoops(t, 10)
		p.start()
	}
	probe.awaitLoops(t, 10)
	t.Logf("the longest pause was %v", probe.stop())
}
