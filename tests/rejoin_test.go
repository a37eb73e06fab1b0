package tests_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/client"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// wipe ends a member and takes away all that it has kept.
func (p *program) wipe() {
	p.Helper()
	p.kill()
	if err := os.RemoveAll(p.data); err != nil {
		p.Fatal(err)
	}
}

// goesOn locks through one member and unlocks through another, once they have a leader.
func (f *fleet) goesOn(name string, one, other *program) {
	f.Helper()
	a, b := serving(f.T, one.addr), serving(f.T, other.addr)
	var session string
	a.await("a leader", func() bool {
		s, err := a.OpenSession(a.soon(), &cpgatev1.OpenSessionRequest{})
		session = s.GetSessionId()
		return err == nil
	})
	first := a.hold(&cpgatev1.LockRequest{Name: name, SessionId: session})
	b.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: session, Fence: first.GetFence()})
	if next := b.hold(&cpgatev1.LockRequest{Name: name, SessionId: session}); next.GetFence() <= first.GetFence() {
		f.Errorf("fence %d comes after %d", next.GetFence(), first.GetFence()) // L2
	}
	a.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: session})
}

// A member without its data does not come back by itself, since it has forgotten what it promised. Told to, it comes back
// as a new one, and as nobody new the next time.
func TestRejoin_AMemberComesBackWithoutItsData(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3)
	r, lost, was := serving(t, f.all[0].addr), f.all[1], f.id("m1")
	held := r.hold(&cpgatev1.LockRequest{Name: "held", SessionId: r.session(0)})
	lost.wipe()
	if _, ok := lost.launch(); ok || !strings.Contains(lost.said.String(), "has already been bootstrapped") {
		t.Errorf("without being told to, it said %s", lost.said.String())
	}
	lost.said.Reset()
	lost.args = append(lost.args, "--rejoin")
	lost.start()
	is := f.id("m1")
	if is == was {
		t.Errorf("it came back as the old one, %s", is)
	}
	if got := serving(t, lost.addr).look("held").GetFence(); got != held.GetFence() {
		t.Errorf("there the fence is %d, it was %d", got, held.GetFence())
	}
	f.goesOn("a", f.all[0], lost)
	lost.kill()
	lost.start()
	if id := f.id("m1"); id != is {
		t.Errorf("with its data it came back as %s, it was %s", id, is)
	}
	f.all[2].kill() // now the one that came back is needed
	f.goesOn("b", lost, f.all[0])
}

// With access control, whoever comes back has to be root: it changes the members.
func TestRejoin_TakesARootWhereThereIsAccessControl(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3)
	serving(t, f.all[0].addr).enable()
	asRoot := []string{"--etcd-user", "root", "--etcd-password-file", passwordFile(t)}
	lost := f.all[1]
	lost.wipe()
	lost.args = append(lost.args, "--rejoin")
	if _, ok := lost.launch(); ok || !strings.Contains(lost.said.String(), "no etcd-user was given") {
		t.Errorf("as nobody, it said %s", lost.said.String())
	}
	lost.said.Reset()
	lost.args = append(lost.args, asRoot...)
	lost.start()
	f.all[2].kill() // now the one that came back is needed
	probe := startProbe(t, []string{lost.addr}, func(c *client.Config) { c.User, c.Password = "root", passwordOf("root") })
	probe.awaitLoops(t, 10)
	probe.stop()
}

// README.md has the two commands.
func TestRejoin_ADeadMemberIsReplacedByAnotherOne(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3)
	f.all[2].kill()
	f.all[0].orders("member", "remove", "m2")
	successor := f.successor("m3", unused(t))
	successor.start()
	if s := f.all[0].status(); len(s.Members) != 3 || s.roles()["m3"] == "" || s.roles()["m2"] != "" {
		t.Errorf("the members are %v", s.roles())
	}
	f.all[1].kill() // now the successor is needed
	f.goesOn("a", successor, f.all[0])
}

// successor is a member that takes the place of the third.
func (f *fleet) successor(name, address string) *program {
	f.Helper()
	args := slices.Clone(f.all[0].args)
	for i, arg := range args {
		if others, _, ok := strings.Cut(arg, ",m2="); ok {
			args[i] = others + "," + name + "=" + address
		}
	}
	args[1] = name
	p := newProgram(f.T, append(args, "--rejoin")...)
	f.Cleanup(p.clear)
	return p
}
