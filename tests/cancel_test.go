package tests_test

import (
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// cancelled asks to cancel a request and says whether there was anything to cancel.
func (r *rig) cancelled(name, session, request string) bool {
	r.Helper()
	q := &cpgatev1.CancelLockRequest{Name: name, SessionId: session, RequestId: request}
	return must(r.CancelLock(r.soon(), q))(r.T).GetCancelled()
}

func TestCancel_EndsAWaitAtOnceAndLetsNobodyIn(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		holder, id := r.session(0), r.session(0)
		r.hold(&cpgatev1.LockRequest{Name: name, SessionId: holder})
		wait := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: id, RequestId: "w"})
		r.awaitLine(name, 2)
		behind := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: holder, Owner: "behind"})
		r.awaitLine(name, 3)
		start := time.Now()
		if r.cancelled(name, id, "other") || !r.cancelled(name, id, "w") || r.cancelled(name, id, "w") {
			r.Error("one request was to be cancelled, once")
		}
		_, err := wait.end(r.T)
		r.refuses(err, cpgatev1.ErrorReason_WAIT_CANCELLED)
		if took := time.Since(start); took > late || len(r.line(name)) != 2 || behind.answered() {
			r.Errorf("after %v in line are %v", took, r.line(name))
		}
	})
}

// A hold that the cancelled request got is given back, and no other.
func TestCancel_GivesBackTheHoldOfThatVeryRequest(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		id, other := r.session(0), r.session(0)
		held := r.hold(&cpgatev1.LockRequest{Name: name, SessionId: id, RequestId: "1"})
		r.hold(&cpgatev1.LockRequest{Name: name, SessionId: id, RequestId: "2"})
		next := r.lock(&cpgatev1.LockRequest{Name: name, SessionId: other})
		line := r.awaitLine(name, 2)
		if !r.cancelled(name, id, "1") {
			r.Error("nothing was given back")
		}
		if l := r.look(name); l.GetHoldCount() != 1 || l.GetFence() != held.GetFence() || next.answered() {
			r.Errorf("left is %v", l)
		}
		if !r.cancelled(name, id, "2") {
			r.Error("nothing was given back")
		}
		r.holds(next, line[1])
	})
}

// A request that was cancelled before it came does nothing, however late it comes.
func TestCancel_OvertakesTheRequest(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		id := r.session(0)
		if r.cancelled(name, id, "late") {
			r.Error("there was something to cancel")
		}
		_, err := r.Lock(r.soon(), &cpgatev1.LockRequest{Name: name, SessionId: id, RequestId: "late"})
		r.refuses(err, cpgatev1.ErrorReason_WAIT_CANCELLED)
		r.awaitLine(name, 0)
	})
}
