package linearizability_test

import (
	"testing"

	"github.com/anishathalye/porcupine"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// What may be seen of a lock is let pass.
func TestSound_Locks(t *testing.T) {
	haveOrders(t, map[string]func(*story){
		"held, entered again, given back": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, lock("a"), acquired(10, 2))
			s.ask(6, 7, lock("b"), busy("a", 10))
			s.ask(8, 9, unlock("a", 10), left(1))
			s.ask(10, 11, unlock("a", 10), left(0))
			s.ask(12, 13, unlock("a", 10), alreadyUnlocked)
			s.ask(14, 15, lock("b"), acquired(12, 1))
		},
		"a wait outlasts an unlock": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 9, lock("b"), acquired(11, 1))
			s.ask(5, 6, unlock("a", 10), left(0))
		},
		"an expired session's hold goes, and its owner is told": func(s *story) {
			s.open(20, "a")
			s.open(long, "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(22, 23, lock("b"), acquired(11, 1))
			s.fail(30, 31, unlock("a", 10), "SESSION_EXPIRED")
		},
		"a session outlives its TTL": func(s *story) {
			s.open(20, "a")
			s.open(long, "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(100, 101, lock("b"), busy("a", 10))
			s.fail(110, 111, unlock("a", 10), "SESSION_EXPIRED")
		},
		"a lock that was never answered holds": func(s *story) {
			s.open(long, "a", "b")
			s.lose(2, 3, lock("a"))
			s.ask(4, 5, lock("b"), busy("a", 10))
		},
		"and is given back later": func(s *story) {
			s.open(long, "a", "b")
			s.lose(2, 3, lock("a"))
			s.ask(4, 5, lock("b"), busy("a", 10))
			s.ask(6, 7, lock("b"), acquired(11, 1))
		},
		"a retry gets what was cancelled by the grace": func(s *story) {
			s.open(long, "a", "b")
			q := lock("a")
			s.lose(2, 3, q)
			s.ask(4, 5, lock("b"), acquired(11, 1))
			s.ask(6, 7, q, busy("b", 11))
		},
		"an unlock that was never answered frees": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.lose(4, 5, unlock("a", 10))
			s.ask(100, 101, lock("b"), acquired(11, 1))
		},
		"a forced hold is lost": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, lock("a"), acquired(10, 1))
			s.ask(4, 5, force(0), forced("a", 10))
			s.ask(6, 7, lock("b"), acquired(11, 1))
			s.fail(8, 9, unlock("a", 10), "OWNERSHIP_LOST")
			s.ask(10, 11, force(10), &cpgatev1.ForceUnlockResponse{})
		},
	})
}

// What may be seen of a semaphore is let pass.
func TestSound_Semaphores(t *testing.T) {
	haveOrders(t, map[string]func(*story){
		"taken in one portion, given back in others, by another owner": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(3), initialized)
			s.ask(4, 5, acquire("a", 3), granted)
			s.ask(6, 7, release("a", 1), released(1))
			other := release("a", 2)
			other.Owner = "other"
			s.ask(8, 9, other, released(2))
			s.ask(10, 11, look, shown(3, 3))
		},
		"an acquire waits for the init": func(s *story) {
			s.open(long, "a")
			s.ask(2, 9, waiting(acquire("a", 1)), granted)
			s.ask(4, 5, initialize(1), initialized)
		},
		"a try is refused for the sake of who waits (S2)": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, initialize(1), initialized)
			s.ask(4, 9, waiting(acquire("a", 2)), refused(1))
			s.ask(5, 6, acquire("b", 1), refused(1))
		},
		"a wait that is ended was admitted for a moment": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, initialize(1), initialized)
			s.ask(4, 5, acquire("a", 1), granted)
			s.ask(6, 20, waiting(acquire("b", 1)), refused(0))
			s.ask(8, 9, release("a", 1), released(1))
			s.ask(10, 11, look, shown(1, 0))
			s.ask(12, 13, look, shown(1, 1))
		},
		"who waits is destroyed": func(s *story) {
			s.open(long, "a", "b")
			s.ask(2, 3, initialize(1), initialized)
			s.ask(4, 5, acquire("a", 1), granted)
			s.fail(6, 9, waiting(acquire("b", 1)), "DESTROYED")
			s.ask(7, 8, &cpgatev1.DestroySemaphoreRequest{Name: "x"}, &cpgatev1.DestroySemaphoreResponse{Destroyed: true})
			s.ask(10, 11, initialize(2), initialized)
			s.fail(12, 13, release("a", 1), "PERMITS_NOT_HELD")
		},
		"fewer than none are drained": func(s *story) {
			s.open(long, "a")
			s.ask(2, 3, initialize(2), initialized)
			s.ask(4, 5, drain("a"), drained(2))
			s.ask(6, 7, reduce(1), &cpgatev1.ReducePermitsResponse{})
			s.ask(8, 9, drain("a"), drained(-1))
			s.ask(10, 11, look, shown(2, 0))
		},
		"without sessions, anybody releases": func(s *story) {
			s.ask(2, 3, sessionless(initialize(0)), initialized)
			s.ask(4, 5, release("", 2), released(2))
			s.ask(6, 7, acquire("", 1), granted)
			s.ask(8, 9, drain(""), drained(1))
		},
		"without sessions, an acquire that was never answered is undone": func(s *story) {
			s.ask(2, 3, sessionless(initialize(1)), initialized)
			s.lose(4, 5, acquire("", 1))
			s.ask(6, 7, acquire("", 1), refused(0))
			s.ask(8, 9, acquire("", 1), granted)
		},
	})
}

// What may be seen of a latch is let pass.
func TestSound_Latches(t *testing.T) {
	haveOrders(t, map[string]func(*story){
		"two rounds": func(s *story) {
			s.ask(1, 2, await, completed(0))
			s.ask(2, 3, set(1), began(10))
			s.ask(4, 9, await, completed(10))
			s.ask(5, 6, arrive(0), remaining(0, 10))
			s.ask(7, 8, set(2), began(12))
			s.ask(10, 11, arrive(10), remaining(2, 12))
			s.fail(12, 13, arrive(13), "INVALID_ARGUMENT")
		},
		"a set that was never answered": func(s *story) {
			s.lose(2, 3, set(2))
			s.ask(4, 5, arrive(0), remaining(0, 0))
			s.ask(6, 7, set(1), &cpgatev1.TrySetCountResponse{Round: 10})
			s.ask(8, 9, arrive(10), remaining(1, 10))
		},
		"who awaits is destroyed": func(s *story) {
			s.ask(2, 3, set(2), began(10))
			s.fail(4, 9, await, "DESTROYED")
			s.ask(5, 6, &cpgatev1.DestroyLatchRequest{Name: "x"}, &cpgatev1.DestroyLatchResponse{Destroyed: true})
			s.ask(10, 11, set(1), began(11))
		},
	})
}

// Where a session's time is not to be trusted, it may end before; not before it was last found alive.
func TestSound_SessionsThatEndEarly(t *testing.T) {
	s := &story{}
	s.open(long, "a", "b")
	s.ask(2, 3, lock("a"), acquired(10, 1))
	s.ask(4, 5, lock("b"), acquired(11, 1))
	s.fail(6, 7, unlock("a", 10), "SESSION_EXPIRED")
	p := s.Parts(false)[0]
	if r := p.Check(0); r != porcupine.Ok {
		t.Errorf("porcupine says %s", r)
	}
	if n := s.EndedEarly(); n != 1 {
		t.Errorf("%d sessions ended early, want 1", n)
	}
	s.ask(8, 9, lock("a"), busy("b", 11)) // it was still there
	p = s.Parts(false)[0]
	if r := p.Check(0); r != porcupine.Illegal {
		t.Errorf("porcupine says %s of a session that comes back", r)
	}
}
