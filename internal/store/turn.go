package store

import (
	"slices"
	"sync"

	"github.com/cpgate/cpgate/internal/kv"
)

// turns lets the calls of one store that are about to change the same key do so one after the other, first come, first
// served. Of those that tried at once all but one would fail and try again. Those whose transactions are steps of one value
// may have a turn together.
type turns struct {
	mu     sync.Mutex
	queues map[string][]*seat // the first has the turn; its seat stays until that is over
}

// seat is a call's in the queue for a turn.
type seat struct {
	run   *run
	what  string
	folds bool
	turn  chan struct{} // closed when it is the call's turn, or when it has had one together with another call
	had   bool          // it has, and below is what came of it. Until the turn is closed they are the other call's

	step   kv.Step   // what the call wants
	in     bool      // it was committed with the others, or was to be
	result kv.Result // of that; not as one that succeeded when the call was asked, and not taken along
	err    error
}

func (t *turns) join(what string, r *run, folds bool) *seat {
	s := &seat{run: r, what: what, folds: folds, turn: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queues[what] = append(t.queues[what], s)
	if len(t.queues[what]) == 1 {
		close(s.turn)
	}
	return s
}

// leave takes a seat out of its queue, and lets the next one have the turn where it was this one's. It returns false when
// another call has taken it along.
func (t *turns) leave(s *seat) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[s.what]
	n := slices.Index(q, s)
	if n < 0 {
		return false
	}
	switch q = slices.Delete(q, n, n+1); {
	case len(q) == 0:
		delete(t.queues, s.what)
		return true
	case n == 0:
		close(q[0].turn)
	}
	t.queues[s.what] = q
	return true
}

// along takes out of the queue who is next behind the call whose turn it is, if that may go together with it.
func (t *turns) along(leads *seat) *seat {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[leads.what]
	if len(q) < 2 || !q[1].folds {
		return nil
	}
	next := q[1]
	t.queues[leads.what] = slices.Delete(q, 1, 2)
	return next
}
