package store

import (
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
)

// Wait is somebody who waits for news of some keys.
type Wait struct {
	store *Store
	keys  []string
	news  chan struct{}
	lost  []*kv.Item // by the sessions it waits for, not yet taken
}

// Attend begins to wait for news of keys; one that ends with a slash stands for all keys directly below it.
// The wait must be stopped.
func (s *Store) Attend(keys ...string) *Wait {
	w := &Wait{store: s, news: make(chan struct{}, 1)}
	w.Add(keys...)
	return w
}

// Add lets w wait for news of more keys, which it does not wait for yet.
func (w *Wait) Add(keys ...string) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.add(keys...)
}

// add needs the store's mu.
func (w *Wait) add(keys ...string) {
	for _, k := range keys {
		if w.store.waits[k] == nil {
			w.store.waits[k] = map[*Wait]struct{}{}
		}
		w.store.waits[k][w] = struct{}{}
	}
	w.keys = append(w.keys, keys...)
}

// Remove lets w wait no more for news of a key.
func (w *Wait) Remove(key string) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.keys = slices.DeleteFunc(w.keys, func(k string) bool { return k == key })
	w.forget(key)
}

// News returns a channel that receives once or more after each change; a look at the mirror tells which.
func (w *Wait) News() <-chan struct{} { return w.news }

// Stop ends the wait.
func (w *Wait) Stop() {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	for _, k := range w.keys {
		w.forget(k)
	}
	w.keys = nil
}

// forget needs the store's mu.
func (w *Wait) forget(key string) {
	delete(w.store.waits[key], w)
	if len(w.store.waits[key]) == 0 {
		delete(w.store.waits, key)
	}
}

// wake needs s.mu.
func (s *Store) wake(key string) {
	for w := range s.waits[key] {
		w.poke()
	}
	for w := range s.waits[key[:strings.LastIndexByte(key, '/')+1]] {
		w.poke()
	}
}

func (w *Wait) poke() {
	select {
	case w.news <- struct{}{}:
	default: // it has yet to see the last news, and will see these with it
	}
}

// lag is somebody who waits for the mirror to reach a revision.
type lag struct {
	rev     kv.Revision
	reached chan struct{}
}

// catchUp needs s.mu.
func (s *Store) catchUp(to kv.Revision) {
	s.lags = slices.DeleteFunc(s.lags, func(l *lag) bool {
		if l.rev <= to {
			close(l.reached)
		}
		return l.rev <= to
	})
}
