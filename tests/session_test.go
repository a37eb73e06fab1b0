package tests_test

import (
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// The shortest life of a session, and how much later than that its end may show: etcd looks for expired leases twice
// a second.
const (
	shortTTL = 2 // seconds
	late     = time.Second
)

// everyRoute runs a test over each route to one node; name is one that no other route's test uses.
func everyRoute(t *testing.T, f func(r *rig, name string)) {
	t.Parallel()
	r := started(t)
	for name, route := range routes(t, r.addr) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(r.on(t).over(route), name)
		})
	}
}

// brief is a session that nobody keeps alive.
type brief struct {
	id string
	// it expires between these two, and shows it no later than late after the second
	from, to time.Time
}

func (r *rig) brief() brief {
	r.Helper()
	sent := time.Now()
	id := r.session(shortTTL)
	return brief{id, sent.Add(shortTTL * time.Second), time.Now().Add(shortTTL * time.Second)}
}

// tells checks that something showed when the session expired, never before.
func (b brief) tells(t *testing.T, what string, at time.Time) {
	t.Helper()
	if at.Before(b.from) || at.After(b.to.Add(late)) {
		t.Errorf("%s %v after the session could first expire, and %v after it had to", what, at.Sub(b.from), at.Sub(b.to))
	}
}

// What an expired session held, twice over, is the next one's (X1).
func TestSession_ThatExpiresHoldingLetsTheNextOneIn(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		b := r.brief()
		r.hold(&cpgatev1.LockRequest{Name: name, SessionId: b.id})
		first := r.hold(&cpgatev1.LockRequest{Name: name, SessionId: b.id})
		next := r.session(0)
		wait := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: next})
		a := must(wait.end(r.T))(r.T)
		b.tells(r.T, "the next one held", wait.at)
		if first.GetHoldCount() != 2 || a.GetHoldCount() != 1 || a.GetFence() <= first.GetFence() {
			r.Errorf("held by %v, then by %v", first, a)
		}
		_, err := r.Unlock(r.soon(), &cpgatev1.UnlockRequest{Name: name, SessionId: b.id, Fence: first.GetFence()})
		r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
		_, err = r.Heartbeat(r.soon(), &cpgatev1.HeartbeatRequest{SessionId: b.id})
		r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
		if h := r.look(name).GetHolder(); h.GetSessionId() != next || h.GetFence() != a.GetFence() {
			r.Errorf("held by %v", h)
		}
	})
}

// An expired session's waits end, wherever in line they stand; the others keep their order (X1, L4). One that is
// kept alive waits on.
func TestSession_ThatExpiresWaitingIsToldThoughOthersAreAhead(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		id := r.session(0)
		r.hold(&cpgatev1.LockRequest{Name: name, SessionId: id})
		ahead := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: id, Owner: "ahead"})
		r.awaitLine(name, 2)
		b := r.brief()
		waits := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: b.id})
		r.awaitLine(name, 3)
		kept := r.keepAlive(r.session(shortTTL))
		behind := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: kept})
		line := r.awaitLine(name, 4)

		_, err := waits.end(r.T)
		b.tells(r.T, "the waiter was told", waits.at)
		r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
		if now := r.line(name); len(now) != 3 || now[2].GetKey() != line[3].GetKey() || now[2].GetPosition() != 2 {
			r.Errorf("in line are %v", now)
		}
		if ahead.answered() || behind.answered() {
			r.Error("somebody was let in")
		}
		r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: id})
		r.holds(ahead, line[1])
		r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: id, Owner: "ahead"})
		r.holds(behind, line[3])
	})
}

// Closing a session is the same, and comes at once: all its waits end and its locks are free.
func TestSession_ThatIsClosedLeavesEveryLineAtOnce(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		id, other := r.session(0), r.session(0)
		r.hold(&cpgatev1.LockRequest{Name: name, SessionId: id})
		own := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: id, Owner: "too"})
		r.awaitLine(name, 2)
		next := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: other})
		line := r.awaitLine(name, 3)
		start := time.Now()
		for _, want := range []bool{true, false} {
			c := must(r.CloseSession(r.soon(), &cpgatev1.CloseSessionRequest{SessionId: id}))(r.T)
			if c.GetClosed() != want {
				r.Errorf("closing: %v, want %v", c.GetClosed(), want)
			}
		}
		_, err := own.end(r.T)
		r.refuses(err, cpgatev1.ErrorReason_SESSION_EXPIRED)
		r.holds(next, line[2])
		if took := time.Since(start); took > late {
			r.Errorf("took %v", took)
		}
		if left := r.keys("cp/session/" + id); len(left) > 0 {
			r.Errorf("left %s", left[0].Key)
		}
	})
}

// keepAlive sends heartbeats for a session until the test ends.
func (r *rig) keepAlive(id string) string {
	ctx := r.Context()
	go func() {
		for tick := time.NewTicker(time.Second / 2); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				_, _ = r.Heartbeat(ctx, &cpgatev1.HeartbeatRequest{SessionId: id})
			}
		}
	}()
	return id
}
