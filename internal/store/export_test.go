package store

// Turns returns how many calls wait for a turn, or have it, by what they are about to change.
func (s *Store) Turns() map[string]int {
	s.turns.mu.Lock()
	defer s.turns.mu.Unlock()
	all := map[string]int{}
	for what, q := range s.turns.queues {
		all[what] = len(q)
	}
	return all
}

// OnTheirWay returns how many transactions are not answered yet.
func (s *Store) OnTheirWay() int {
	s.commits.mu.Lock()
	defer s.commits.mu.Unlock()
	return s.commits.queue.Len()
}
