package client

// A hold has an owner of its own, so that it excludes every other. One that was asked for once and given back once has left nothing
// behind that could still come: no attempt is under way, at no server. Its owner is the next hold's, then. For etcd keeps
// the key of a lock and owner in its index until its history is dropped, and with a new one for each hold that index
// would grow by thousands in a second.

// owner gives one for a new hold: one that is nobody's, or else fresh.
func (s *session) owner(fresh string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.owners)
	if n == 0 {
		return fresh
	}
	o := s.owners[n-1]
	s.owners = s.owners[:n-1]
	return o
}

// spare takes back the owner of a hold that has left nothing behind.
func (s *session) spare(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners = append(s.owners, owner)
}
