package tests_test

import (
	"strings"
	"testing"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Whatever stands below a lock's name is a ticket: one hold by somebody we don't know.
var strangers = map[string]struct{ below, value, shown string }{
	"an empty value":               {below: "x"},
	"text":                         {below: "x", value: "mine"},
	"broken JSON":                  {below: "x", value: `{"holds":[{`},
	"JSON of another shape":        {below: "x", value: `{"holds":7}`},
	"JSON without holds":           {below: "x", value: `{"holds":[]}`},
	"a ticket of no session":       {below: "7b", value: `{"holds":[{"request":"r","by":"g.1"}]}`},
	"a key two levels down":        {below: "a/b", value: "x"},
	"a key that ends with a slash": {below: "a/"},
	"the bare line":                {below: ""},
	"a key that is not UTF-8":      {below: "\xff\xfe", shown: `\xff\xfe`},
	"an escape that is none":       {below: "7b.%zz"},
	"a large value":                {below: "x", value: strings.Repeat("x", 100_000)},
}

func TestEtcdctl_AnyKeyInALineHoldsAsAStrangerUntilItIsRemoved(t *testing.T) {
	t.Parallel()
	r := started(t)
	for name, s := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.on(t).meetStranger(name, s.below, s.value, s.shown)
		})
	}
}

func (r *rig) meetStranger(name, below, value, shown string) {
	r.Helper()
	line := "cp/lock/" + name + "/"
	if shown == "" {
		shown = below
	}
	id := r.session(0)
	r.etcdctl("put", "--", line+below, value)
	l := r.look(name)
	if h := l.GetHolder(); !h.GetForeign() || h.GetKey() != line+shown || h.GetSessionId() != "" || l.GetHoldCount() != 1 || l.GetFence() <= 0 {
		r.Errorf("shown as %v", l)
	}
	if h := r.refused(name, id); h.GetKey() != line+shown {
		r.Errorf("refused because of %v", h)
	}
	wait := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: id})
	before := r.awaitLine(name, 2)
	r.etcdctl("del", "--", line+below)
	r.holds(wait, before[1])
	r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: id})

	r.etcdctl("put", "--", line+below, value)
	f := must(r.ForceUnlock(r.soon(), &cpgatev1.ForceUnlockRequest{Name: name}))(r.T)
	if !f.GetReleased() || f.GetHolder().GetKey() != line+shown {
		r.Errorf("forced %v", f)
	}
	r.awaitLine(name, 0)
}

// Keys beside the lines are nobody's: they neither hold anything nor hinder a list.
func TestEtcdctl_KeysThatAreNoTicketsHinderNobody(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	for _, key := range []string{
		"cp/", "cp/x", "cp/lock", "cp/lock/", "cp/lock/orders", "cp/lock//x", "cp/lock/%zz/x", "cp/lock/a%2fb/x",
		"cp/lock/\xff/x", "cp/lock/" + strings.Repeat("n", 600) + "/x", "cp/session", "cp/session/", "cp/session/zz",
		"cp/session/0007b", "cp/session/7b/x", "cp/memo/", "cp/memo/x", "cp/memo/" + id + "/x", "cp/gateway/", "cp/gateway/x",
		"cp/semaphore/orders", "cp/latch/orders/1/x",
	} {
		r.etcdctl("put", "--", key, "x")
	}
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	locks := must(r.ListLocks(r.soon(), &cpgatev1.ListLocksRequest{}))(t).GetLocks()
	if len(locks) != 1 || locks[0].GetName() != "orders" || locks[0].GetHoldCount() != 1 {
		t.Errorf("locks are %v", locks)
	}
	sessions := must(r.ListSessions(r.soon(), &cpgatev1.ListSessionsRequest{}))(t).GetSessions()
	if len(sessions) != 1 || sessions[0].GetSessionId() != id || sessions[0].GetTickets() != 1 {
		t.Errorf("sessions are %v", sessions)
	}
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
}

// Everything at once, in the middle of use: whoever waits is told, and the next to come finds a clean house.
func TestEtcdctl_AllKeysDeletedEndsAllWaitsAndStartsAnew(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	held := r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	wait := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: r.session(0)})
	r.awaitLine("orders", 2)
	r.etcdctl("del", "--prefix", "cp/")
	_, err := wait.end(t)
	r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
	_, err = r.Unlock(r.soon(), &cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
	r.awaitLine("orders", 0)
	if a := r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: r.session(0)}); a.GetFence() <= held.GetFence() {
		t.Errorf("fence %d after %d", a.GetFence(), held.GetFence())
	}
	r.await("the gateway's marker", func() bool { return r.marker() != nil })
}
