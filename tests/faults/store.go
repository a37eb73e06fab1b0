package faults

import (
	"fmt"
	"sync"
)

// Store stands for what a lock protects: a disk, a queue, somebody's API. Like those it knows nothing of the lock; it can
// only look at the fence that comes with each write.
type Store struct {
	// Unchecked accepts every write: what happens then is why a fence has to be looked at.
	Unchecked bool

	mu       sync.Mutex
	highest  int64
	accepted []string // the hold of each write
}

// Write is one write by a hold, which each caller that got the lock names as it likes, and no two alike. It answers whether
// the write is accepted: its fence is not below the highest seen.
func (s *Store) Write(hold string, fence int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fence < s.highest && !s.Unchecked {
		return false
	}
	s.highest = max(s.highest, fence)
	s.accepted = append(s.accepted, hold)
	return true
}

// Check finds a write of a deposed holder that was accepted behind one of a newer holder. It goes by who wrote, not by
// fences, so that it sees also fences that are the same for two holds, or fall.
func (s *Store) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	deposed := map[string]bool{}
	for i, hold := range s.accepted {
		if deposed[hold] {
			return fmt.Errorf("write %d of %s was accepted behind one of %s", i, hold, s.accepted[i-1])
		}
		if i > 0 && s.accepted[i-1] != hold {
			deposed[s.accepted[i-1]] = true
		}
	}
	return nil
}
