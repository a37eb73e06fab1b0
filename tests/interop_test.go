package tests_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Four kinds of lock want the same one: whatever the order in which they come, nobody is let in beside another
// (L1), each is served when its turn comes (L4), and the create revisions of their keys, our fences, rise (L2).
func TestInterop_FourKindsOfLockShareOneLineInEveryOrder(t *testing.T) {
	r := started(t)
	for _, order := range orders("cpgate", "etcdctl", "mutex", "v3lock") {
		t.Run(strings.Join(order, ","), func(t *testing.T) {
			t.Parallel()
			r.on(t).serveInOrder(strings.Join(order, "-"), order)
		})
	}
}

// serveInOrder lets contenders of these kinds into the line, each when the one before stands there, and sees them
// through.
func (r *rig) serveInOrder(name string, order []string) {
	r.Helper()
	var all []*contender
	for n, kind := range order {
		all = append(all, kinds[kind](r, name))
		r.awaitLine(name, n+1)
	}
	line := r.line(name)
	for n, c := range all {
		r.checkTurn(name, all[n:], line[n:])
		if err := c.release(); err != nil {
			r.Fatalf("%s: %v", c.kind, err)
		}
	}
	r.awaitLine(name, 0)
}

// checkTurn checks that the first of those left holds, with the key and the fence that the line tells, and nobody
// else.
func (r *rig) checkTurn(name string, left []*contender, line []*cpgatev1.Ticket) {
	r.Helper()
	c := left[0]
	got, err := c.held.end(r.T)
	if err != nil {
		r.Fatalf("%s: %v", c.kind, err)
	}
	want := line[0]
	if got.key != want.GetKey() || got.fence != 0 && got.fence != want.GetFence() || c.foreign != want.GetForeign() {
		r.Errorf("%s holds %+v, foreign %v; the line told %v", c.kind, got, c.foreign, want)
	}
	if want.GetForeign() != (want.GetSessionId() == "") {
		r.Errorf("a foreign ticket is of no session, and no other: %v", want)
	}
	if len(line) > 1 && line[0].GetFence() >= line[1].GetFence() {
		r.Errorf("fence %d before %d", line[0].GetFence(), line[1].GetFence())
	}
	if now := r.line(name); len(now) != len(left) || now[0].GetFence() != want.GetFence() {
		r.Errorf("in line are %v, want %v", now, line)
	}
	time.Sleep(10 * time.Millisecond) // for others to come in if they could
	for _, other := range left[1:] {
		if other.held.answered() {
			r.Errorf("%s holds beside %s", other.kind, c.kind)
		}
	}
}

// orders are all orders of the words.
func orders(words ...string) (all [][]string) {
	if len(words) == 0 {
		return [][]string{nil}
	}
	for n, w := range words {
		rest := slices.Delete(slices.Clone(words), n, n+1)
		for _, o := range orders(rest...) {
			all = append(all, append([]string{w}, o...))
		}
	}
	return all
}

// All at once, again and again: only what happens to come first is served first, but never two are.
func TestInterop_FourKindsOfLockExcludeEachOtherInARush(t *testing.T) {
	const rounds = 5
	r := started(t)
	var inside room
	var rush sync.WaitGroup
	for kind, contend := range kinds {
		rush.Go(func() {
			for range rounds {
				c := contend(r, "rush")
				if _, err := c.held.end(t); err != nil {
					t.Errorf("%s: %v", kind, err)
					return
				}
				inside.visit(t, kind, r.line("rush")[0].GetFence())
				if err := c.release(); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		})
	}
	rush.Wait()
	r.awaitLine("rush", 0)
}

// The sentence from the README, word for word.
func TestInterop_EtcdctlLockSleepHoldsOursBackForThreeSeconds(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	start := time.Now()
	sleeper := r.etcdctlCommand("lock", "cp/lock/orders", "sleep", "3")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	key := r.awaitLine("orders", 1)[0].GetKey()
	if h := r.refused("orders", id); !h.GetForeign() || h.GetKey() != key || h.GetSessionId() != "" {
		t.Errorf("a try is refused because of %v", h)
	}
	a := must(r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: id}).end(t))(t)
	if took := time.Since(start); took < 3*time.Second || a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED {
		t.Errorf("%v after %v", a, took)
	}
	if err := sleeper.Wait(); err != nil {
		t.Errorf("etcdctl: %v", err)
	}
}

// What etcdctl waits for is ours: it starts its command when we let go, not before.
func TestInterop_EtcdctlLockWaitsForOurs(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	first := r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	c := contendWithEtcdctl(r, "orders")
	waiter := r.awaitLine("orders", 2)[1]
	if !waiter.GetForeign() || waiter.GetFence() <= first.GetFence() || waiter.GetPosition() != 1 {
		t.Errorf("etcdctl waits as %v", waiter)
	}
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	for want := int32(1); want >= 0; want-- {
		if c.held.answered() {
			t.Fatal("etcdctl holds beside us")
		}
		if u := r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id}); u.GetHoldCount() != want {
			t.Errorf("still held %d times, want %d", u.GetHoldCount(), want)
		}
	}
	if g := must(c.held.end(t))(t); g.key != waiter.GetKey() {
		t.Errorf("etcdctl holds %v, waited as %v", g, waiter)
	}
	if err := c.release(); err != nil {
		t.Error(err)
	}
	r.awaitLine("orders", 0)
}
