package tests_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// noticed is when a gateway has to know that the etcd elsewhere is gone: two of etcd's election timeouts.
const noticed = 2*time.Second + late

// Losing the etcd elsewhere ends the waits, says why, and heals by itself: who asks again has the place it had (L4, R1).
func TestExternal_LosingEtcdEndsTheWaitsAndItsReturnHeals(t *testing.T) {
	t.Parallel()
	e := runEtcd(t)
	p := newProgram(t, "--cp-member-count", "0", "--etcd-endpoints", e.addr)
	p.start()
	t.Cleanup(p.clear)
	r := serving(t, p.addr)
	id := r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	q := &cpgatev1.LockRequest{Name: "orders", SessionId: id, Owner: "w", RequestId: "w"}
	wait := r.lock(q)
	before := r.awaitLine("orders", 2)
	for range 2 {
		e.kill()
		lost := time.Now()
		_, err := wait.end(t)
		r.refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
		if took := time.Since(lost); took > noticed {
			t.Errorf("the wait ended after %v", took)
		}
		if code, said := r.readyz(); code != http.StatusServiceUnavailable || !strings.Contains(said, e.addr) {
			t.Errorf("/readyz says %d %s", code, said)
		}
		_, err = r.GetLock(r.soon(), &cpgatev1.GetLockRequest{Name: "orders"})
		r.refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
		e.start()
		r.await("etcd", func() bool { code, _ := r.readyz(); return code == http.StatusOK })
		q.Attempt++
		wait = r.lock(q)
	}
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
	r.holds(wait, before[1])
	if _, err := os.Stat(p.data); err == nil {
		t.Errorf("there is a folder %s", p.data)
	}
}

// An etcd that has lost its data would give out fences a second time (L2): the program ends, and says why.
func TestExternal_AnEtcdWithoutItsDataIsNotServed(t *testing.T) {
	t.Parallel()
	e := runEtcd(t)
	p := newProgram(t, "--cp-member-count", "0", "--etcd-endpoints", e.addr)
	p.start()
	t.Cleanup(p.clear)
	r := serving(t, p.addr)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: r.session(0)})
	time.Sleep(time.Second) // for the gateway to have seen the revision
	e.kill()
	if err := os.RemoveAll(e.data); err != nil {
		t.Fatal(err)
	}
	e.start()
	ended := begin(func() (int, error) { _ = p.cmd.Wait(); return p.cmd.ProcessState.ExitCode(), nil })
	if code := must(ended.end(t))(t); code != 1 || !strings.Contains(p.said.String(), "another etcd has taken the place") {
		t.Errorf("ended with %d: %s", code, p.said.String())
	}
}

// readyz asks the node whether it can answer.
func (r *rig) readyz() (code int, said string) {
	r.Helper()
	a, err := http.Get("http://" + r.addr + "/readyz")
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	return a.StatusCode, string(must(io.ReadAll(a.Body))(r.T))
}

// A standby goes on with the other voters, whichever dies; its callers see a pause and no error.
func TestStandby_GoesOnWhicheverVoterDies(t *testing.T) {
	f := runFleet(t, 4, 3)
	standby := f.all[3]
	probe := startProbe(t, []string{standby.addr})
	r := serving(t, standby.addr)
	id := r.session(0)
	held := r.hold(&cpgatev1.LockRequest{Name: "held", SessionId: id})
	for n, p := range f.all[:3] {
		if n == 2 {
			p = f.all[f.leader()]
		}
		p.kill()
		time.Sleep(noticed)
		p.start()
		r.await("the voter's return", func() bool { code, _ := serving(t, p.addr).readyz(); return code == http.StatusOK })
	}
	if now := r.look("held"); now.GetFence() != held.GetFence() {
		t.Errorf("held is %v, was under %v", now, held)
	}
	if _, err := os.Stat(standby.data); err == nil {
		t.Errorf("there is a folder %s", standby.data)
	}
	t.Logf("the longest pause was %v", probe.stop())
}

// Where etcd wants to know who calls, the gateway is its own user, and who comes through its port to etcd's API is not.
func TestExternal_CallersOfEtcdAreNotTheGatewaysUser(t *testing.T) {
	t.Parallel()
	e := runEtcd(t)
	at := serving(t, e.addr)
	for _, step := range []string{
		"user add root:secret", "user grant-role root root", "user add gate:word", "user grant-role gate root",
		"user add alice:key", "role add alice", "role grant-permission alice readwrite --prefix cp/lock/", "user grant-role alice alice",
		"auth enable",
	} {
		at.etcdctl(strings.Fields(step)...)
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, "--cp-member-count", "0", "--etcd-endpoints", e.addr, "--etcd-user", "gate", "--etcd-password-file", password)
	if _, ok := p.launch(); ok || !strings.Contains(p.said.String(), "invalid user ID or password") {
		t.Fatalf("with a wrong password: %v, %s", ok, p.said.String())
	}
	if err := os.WriteFile(password, []byte("word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.start()
	t.Cleanup(p.clear)
	r := &rig{T: t, addr: p.addr}
	r = r.over(connect(t, p.addr))
	r.refuses(r.ask(r.soon(), &cpgatev1.OpenSessionRequest{}), cpgatev1.ErrorReason_UNAUTHENTICATED)
	login := must(cpgatev1.NewAuthServiceClient(r.conn).Login(r.soon(), &cpgatev1.LoginRequest{User: "alice", Password: "key"}))(t)
	r = (&realm{rig: r}).as(routes(t, p.addr)["gRPC"], login.GetToken())
	id := r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	must(r.Heartbeat(r.soon(), &cpgatev1.HeartbeatRequest{SessionId: id}))(t)
	if out, err := r.etcdctlCommand("get", "--prefix", "cp/").CombinedOutput(); err == nil {
		t.Errorf("nobody in particular reads %s", out)
	}
	if got := r.etcdctl("--user", "alice:key", "get", "--prefix", "cp/lock/"); !strings.Contains(got, "cp/lock/orders/") {
		t.Errorf("alice reads %q", got)
	}
	if out, err := r.etcdctlCommand("--user", "alice:key", "user", "list").CombinedOutput(); err == nil {
		t.Errorf("alice lists the users %s", out)
	}
}
