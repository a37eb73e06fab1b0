package tests_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/cpgatetest"
)

// kind is what every node is that a rig is made of.
var kind = flag.String("kind", "member", "where the nodes under test have their etcd: member, external or standby")

// backings are the ways to give a node its etcd, by the kind of node.
var backings = map[string]func(t *testing.T) cpgatetest.Option{
	"member":   func(*testing.T) cpgatetest.Option { return func(*cpgate.Config) {} },
	"external": beExternal,
	"standby":  beStandby,
}

// startNode starts a node of the kind that is under test.
func startNode(t *testing.T, options ...cpgatetest.Option) *cpgatetest.Node {
	t.Helper()
	be, ok := backings[*kind]
	if !ok {
		t.Fatalf("no such kind: %s", *kind)
	}
	return cpgatetest.Start(t, append([]cpgatetest.Option{be(t)}, options...)...)
}

// beExternal is for a node without members, on a plain etcd that has nothing else to do.
func beExternal(t *testing.T) cpgatetest.Option {
	t.Helper()
	e := runEtcd(t)
	return func(c *cpgate.Config) { c.CPMemberCount, c.EtcdEndpoints = 0, []string{e.addr} }
}

// beStandby is for a node behind three that vote.
func beStandby(t *testing.T) cpgatetest.Option {
	t.Helper()
	const voters = 3
	f := newFleet(t, voters+1, voters)
	f.start(f.all[:voters]...)
	for _, p := range f.all[:voters] {
		t.Cleanup(p.clear)
	}
	return func(c *cpgate.Config) {
		c.Name, c.Members, c.CPMemberCount, c.GroupSize = fmt.Sprint("m", voters), f.members, voters+1, voters
	}
}

// suite are the tests that every kind of node has to pass: all that start from a rig.
const suite = "^Test(Routes|Names|Interop|Etcdctl|Session|Lost|Cancel|Crowd|Access)"

// Where a node has its etcd makes no difference to those who use it. With the race detector this takes minutes more, and what
// such a node does side by side has tests of its own, in remote and here.
func TestKinds_TheSuiteHolds(t *testing.T) {
	switch {
	case *kind != "member":
		t.Skip("this is the suite already, on such a node")
	case testing.Short():
		t.Skip("takes minutes; run without -short")
	case raceDetector:
		t.Skip("takes minutes more with the race detector, and the run without it shows the same")
	}
	for _, k := range []string{"external", "standby"} {
		t.Run(k, func(t *testing.T) {
			if k == "external" {
				buildEtcd().orFail(t)
			}
			c := exec.CommandContext(t.Context(), os.Args[0], "-kind", k, "-test.run", suite, "-test.timeout", "10m")
			c.Env = append(os.Environ(), builtIn+"="+built)
			out, err := c.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", strings.Join(c.Args[1:], " "), err, out)
			}
		})
	}
}
