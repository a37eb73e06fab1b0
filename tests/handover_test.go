package tests_test

import (
	"syscall"
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// stopLimit is what a node may take to stop.
const stopLimit = 5 * time.Second

// A leader that is told to end hands over first: callers elsewhere notice less than when it is killed. Only then does it
// end the waits, which are taken up elsewhere (L4).
func TestStop_ALeaderHandsOverBeforeItEndsTheWaits(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3)
	p, others := f.leaderAndOthers()
	r := others[0]
	led := r.leads()
	w := newWorks(r, others[1].addr)
	stop := w.begin()
	id := r.session(0)
	held := r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	q := &cpgatev1.LockRequest{Name: "orders", SessionId: id, Owner: "w", RequestId: "w"}
	wait := serving(t, p.addr).lock(q)
	before := r.awaitLine("orders", 2)
	probe := startProbe(t, []string{others[0].addr, others[1].addr})
	w.awaitLoops(betweenKills)

	begun := time.Now()
	ended := begin(func() (int, error) { code, _ := p.stop(); return code, nil })
	_, err := wait.end(t)
	if others[0].leads() == led && others[1].leads() == led {
		t.Error("its waits ended while it still led")
	}
	r.refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
	if !hintsToRetry(err) {
		t.Errorf("no hint to ask again: %v", err)
	}
	if code := must(ended.end(t))(t); code != 0 || ended.at.Sub(begun) > stopLimit {
		t.Errorf("ended with %d after %v", code, ended.at.Sub(begun))
	}
	q.Attempt = 1
	wait = r.lock(q)
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id, Fence: held.GetFence()})
	r.holds(wait, before[1])
	w.awaitLoops(betweenKills)
	t.Logf("told to end, it took %v; elsewhere the longest pause was %v", ended.at.Sub(begun), probe.stop())

	p.start()
	p, others = f.leaderAndOthers()
	probe = startProbe(t, []string{others[0].addr, others[1].addr})
	w.awaitLoops(betweenKills)
	p.kill()
	w.awaitLoops(betweenKills)
	stop()
	t.Logf("when the leader was killed, the longest pause was %v", probe.stop())
}

// A leader whose others can't take over ends in time all the same, and without an error.
func TestStop_ALeaderEndsInTimeThoughNobodyCanTakeOver(t *testing.T) {
	for how, signal := range map[string]syscall.Signal{"dead": syscall.SIGKILL, "hanging": syscall.SIGSTOP} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f := runFleet(t, 3)
			p, others := f.leaderAndOthers()
			r := serving(t, p.addr)
			id := r.session(0)
			r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
			wait := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: id, Owner: "w"})
			r.awaitLine("orders", 2)
			for _, o := range f.all {
				if o == p {
					continue
				}
				if err := o.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			if code, took := p.stop(); code != 0 || took > stopLimit {
				t.Errorf("ended with %d after %v", code, took)
			} else {
				t.Logf("took %v", took)
			}
			_, err := wait.end(t)
			others[0].refuses(err, cpgatev1.ErrorReason_NO_QUORUM)
		})
	}
}

// leaderAndOthers are the member that leads, and the others in use.
func (f *fleet) leaderAndOthers() (leader *program, others []*rig) {
	f.Helper()
	leader = f.all[f.leader()]
	for _, p := range f.all {
		if p != leader {
			others = append(others, serving(f.T, p.addr))
		}
	}
	return leader, others
}

// leads is the id of the leader that the member sees.
func (r *rig) leads() uint64 {
	r.Helper()
	return must(r.etcd.Status(r.soon(), r.addr))(r.T).Leader
}
