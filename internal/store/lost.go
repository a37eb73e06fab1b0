package store

import "github.com/cpgate/cpgate/internal/kv"

// Follow lets w wait for news of a session, and be told what it loses: what was taken away by force before, as far as there are
// traces of it, and what it loses from now on. Remove of its marker ends that.
func (w *Wait) Follow(session int64) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.add(w.store.Space.Session(session))
	v := w.store.mirror.View()
	v.Scan(v.Space().Traces(session), "", func(i *kv.Item) bool {
		w.lose(i)
		return true
	})
}

// Lost takes what tells of holds that were lost since it was called last: see mirror.Lost.
func (w *Wait) Lost() []*kv.Item {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	lost := w.lost
	w.lost = nil
	return lost
}

// lose needs the store's mu.
func (w *Wait) lose(i *kv.Item) {
	w.lost = append(w.lost, i)
	w.poke()
}

// tellLosers needs s.mu.
func (s *Store) tellLosers() {
	for _, i := range s.mirror.Lost() {
		for w := range s.waits[s.Space.Session(int64(i.Lease))] {
			w.lose(i)
		}
	}
}
