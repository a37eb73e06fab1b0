package store

import "sync"

// turns lets the calls of one store that are about to change the same key do so one after the other, first come, first
// served. Of those that tried at once all but one would fail and try again.
type turns struct {
	mu     sync.Mutex
	queues map[string]*turn
}

type turn struct {
	room  chan struct{} // has place for the one whose turn it is
	users int           // of this very turn; it goes with the last
}

func (t *turns) join(what string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[what]
	if q == nil {
		q = &turn{room: make(chan struct{}, 1)}
		t.queues[what] = q
	}
	q.users++
	return q
}

func (t *turns) leave(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[what]; q.users > 1 {
		q.users--
	} else {
		delete(t.queues, what)
	}
}
