package store

// Turns returns how many calls wait for a turn, or have it, by what they are about to change.
func (s *Store) Turns() map[string]int {
	s.turns.mu.Lock()
	defer s.turns.mu.Unlock()
	all := map[string]int{}
	for what, t := range s.turns.queues {
		all[what] = t.users
	}
	return all
}
