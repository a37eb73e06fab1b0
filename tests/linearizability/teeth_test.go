package linearizability_test

import (
	"testing"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// What must never be seen of a lock is found.
func TestTeeth_OfTheLock(t *testing.T) {
	endWrongly(t, map[string]func(*story){
		"two hold at once (L1)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(6, 7, unlock("a", 10), left(0))
			s.ask(4, 5, lock("b"), acquired(11, 1))
		},
		"a fence falls (L2)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, unlock("a", 10), left(0))
			s.ask(6, 7, lock("b"), acquired(9, 1))
		},
		"a fence is given out twice (L2)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, unlock("a", 10), left(0))
			s.ask(6, 7, lock("b"), acquired(10, 1))
		},
		"a fence changes on reentry (L5)": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, lock("a"), acquired(11, 2))
		},
		"a reentry is not counted": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, lock("a"), acquired(10, 1))
		},
		"an unlock frees what is still held": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, lock("a"), acquired(10, 2))
			s.ask(6, 7, unlock("a", 10), left(1))
			s.ask(8, 9, lock("b"), acquired(11, 1))
		},
		"a retried unlock counts twice": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, lock("a"), acquired(10, 2))
			q := unlock("a", 10)
			s.lose(6, 7, q)
			s.ask(8, 9, q, left(0))
		},
		"a try is refused although the lock was free (X3)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, unlock("a", 10), left(0))
			s.ask(6, 7, lock("b"), busy("a", 10))
		},
		"a refusal names somebody else": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(6, 7, lock("b"), busy("c", 10))
		},
		"somebody who does not hold unlocks (L3)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, unlock("b", 0), left(0))
		},
		"the holder is told that it does not hold": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.fail(4, 5, unlock("a", 10), "NOT_HOLDER")
		},
		"ownership is lost without force": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.fail(4, 5, unlock("a", 10), "OWNERSHIP_LOST")
		},
		"a hold goes before its session can have ended (X1)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, lock("b"), acquired(11, 1))
		},
		"a session ends too early": func(s *story) {
			s.open(100, "a")
			s.fail(50, 51, lock("a"), "SESSION_EXPIRED")
		},
		"a session holds on behind its end (X1)": func(s *story) {
			s.open(10, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.fail(20, 21, unlock("a", 10), "SESSION_EXPIRED")
			s.ask(22, 23, lock("b"), busy("a", 10))
		},
		"a cancelled request gets the lock": func(s *story) {
			s.open(long, "a", "b")
			q := lock("a")
			s.lose(2, 3, q)
			s.ask(4, 5, &cpgatev1.CancelLockRequest{Name: "x", SessionId: "a", RequestId: q.GetRequestId()},
				&cpgatev1.CancelLockResponse{})
			s.ask(6, 7, lock("b"), busy("a", 10))
		},
		"a forced hold is still shown": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, force(10), forced("a", 10))
			s.ask(6, 7, &cpgatev1.GetLockRequest{Name: "x"}, &cpgatev1.GetLockResponse{Lock: &cpgatev1.FencedLock{
				Fence: 10, HoldCount: 1, Holder: &cpgatev1.Ticket{SessionId: "a", Fence: 10},
			}})
		},
		"an error that no call may get": func(s *story) {
			s.open(long, "a")
			s.fail(2, 3, lock("a"), "DAMAGED")
		},
	})
}

// What must never be seen of a semaphore is found.
func TestTeeth_OfTheSemaphore(t *testing.T) {
	endWrongly(t, map[string]func(*story){
		"more is admitted than there is (S1)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, initialize(2), initialized)
			s.ask(4, 5, acquire("a", 2), granted)
			s.ask(6, 7, acquire("b", 1), granted)
		},
		"a try is refused although there was enough (X3)": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(2), initialized)
			s.ask(4, 5, acquire("a", 2), refused(2))
		},
		"a release is counted twice": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(3), initialized)
			s.ask(4, 5, acquire("a", 2), granted)
			s.ask(6, 7, release("a", 1), released(1))
			s.ask(8, 9, look, shown(3, 3))
		},
		"what is not held is released": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, initialize(3), initialized)
			s.ask(4, 5, acquire("a", 2), granted)
			s.ask(6, 7, release("b", 1), released(1))
		},
		"what is held can't be released": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(3), initialized)
			s.ask(4, 5, acquire("a", 2), granted)
			s.fail(6, 7, release("a", 2), "PERMITS_NOT_HELD")
		},
		"a reduction takes back what is held (S3)": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(3), initialized)
			s.ask(4, 5, acquire("a", 3), granted)
			s.ask(6, 7, reduce(2), &cpgatev1.ReducePermitsResponse{})
			s.ask(8, 9, look, shown(1, 0))
		},
		"somebody is admitted while less than none is available": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, initialize(1), initialized)
			s.ask(4, 5, acquire("a", 1), granted)
			s.ask(6, 7, reduce(1), &cpgatev1.ReducePermitsResponse{})
			s.ask(8, 9, release("a", 1), released(1))
			s.ask(10, 11, acquire("b", 1), granted)
		},
		"a drain leaves some": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(3), initialized)
			s.ask(4, 5, drain("a"), drained(2))
		},
		"permits do not come back with the session's end (X1)": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(1), initialized)
			s.ask(4, 5, acquire("a", 1), granted)
			s.close(6, 7, "a")
			s.ask(8, 9, look, shown(1, 0))
		},
		"it is initialized twice": func(s *story) {
			s.ask(2, 3, initialize(1), initialized)
			s.ask(4, 5, initialize(1), initialized)
		},
		"a wait ends destroyed, and nobody destroyed": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, initialize(1), initialized)
			s.ask(4, 5, acquire("a", 1), granted)
			s.fail(6, 7, waiting(acquire("b", 1)), "DESTROYED")
		},
		"without sessions, a retried release counts twice (S4)": func(s *story) {
			s.ask(2, 3, sessionless(initialize(1)), initialized)
			q := release("", 1)
			s.lose(4, 5, q)
			s.ask(6, 7, q, released(1))
			s.ask(8, 9, look, shown(0, 3))
		},
		"without sessions, more is acquired than is available": func(s *story) {
			s.ask(2, 3, sessionless(initialize(2)), initialized)
			s.ask(4, 5, acquire("", 2), granted)
			s.ask(6, 7, acquire("", 1), granted)
		},
	})
}

// What must never be seen of a latch is found.
func TestTeeth_OfTheLatch(t *testing.T) {
	endWrongly(t, map[string]func(*story){
		"an await completes before zero (C3)": func(s *story) {
			s.ask(2, 3, set(2), began(10))
			s.ask(4, 5, arrive(10), remaining(1, 10))
			s.ask(6, 7, await, completed(10))
		},
		"what remains rises within a round (C1)": func(s *story) {
			s.ask(2, 3, set(3), began(10))
			s.ask(4, 5, arrive(10), remaining(2, 10))
			s.ask(6, 7, await, &cpgatev1.AwaitResponse{Remaining: 3, Round: 10})
		},
		"a retried arrival counts twice (C2)": func(s *story) {
			s.ask(2, 3, set(3), began(10))
			q := arrive(10)
			s.lose(4, 5, q)
			s.ask(6, 7, q, remaining(1, 10))
		},
		"a retried set counts twice (S4)": func(s *story) {
			q := set(2)
			s.lose(2, 3, q)
			s.ask(4, 5, q, began(10))
			s.ask(6, 7, &cpgatev1.DestroyLatchRequest{Name: "x"}, &cpgatev1.DestroyLatchResponse{Destroyed: true})
			s.ask(8, 9, arrive(0), remaining(1, 11))
		},
		"a retried set counts behind its no (S4)": func(s *story) {
			q := set(2)
			s.lose(2, 3, q)
			s.ask(4, 5, set(1), began(10))
			s.ask(6, 7, q, &cpgatev1.TrySetCountResponse{Round: 10})
			s.ask(8, 9, &cpgatev1.DestroyLatchRequest{Name: "x"}, &cpgatev1.DestroyLatchResponse{Destroyed: true})
			s.ask(10, 11, arrive(0), remaining(1, 11))
		},
		"an arrival is not counted": func(s *story) {
			s.ask(2, 3, set(1), began(10))
			s.ask(4, 5, arrive(10), remaining(0, 10))
			s.ask(6, 7, await, &cpgatev1.AwaitResponse{Remaining: 1, Round: 10})
		},
		"a round begins while some remain": func(s *story) {
			s.ask(2, 3, set(1), began(10))
			s.ask(4, 5, set(1), began(11))
		},
		"a round does not rise": func(s *story) {
			s.ask(2, 3, set(1), began(10))
			s.ask(4, 5, arrive(10), remaining(0, 10))
			s.ask(6, 7, set(1), began(9))
		},
		"a set is refused although nothing remains (X3)": func(s *story) {
			s.ask(2, 3, set(1), began(10))
			s.ask(4, 5, arrive(10), remaining(0, 10))
			s.ask(6, 7, set(1), &cpgatev1.TrySetCountResponse{Round: 10})
		},
		"an arrival in an older round counts": func(s *story) {
			s.ask(2, 3, set(1), began(10))
			s.ask(4, 5, arrive(10), remaining(0, 10))
			s.ask(6, 7, set(2), began(11))
			s.ask(8, 9, arrive(10), remaining(1, 11))
		},
		"an await ends destroyed, and nobody destroyed": func(s *story) {
			s.ask(2, 3, set(1), began(10))
			s.fail(4, 5, await, "DESTROYED")
		},
	})
}
