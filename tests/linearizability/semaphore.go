package linearizability

// semaphore is one of either kind (S1, S2, S3, S4). A session-aware one lends permits out of its limit; for a sessionless
// one limit is what is available, and lent only what a request of unknown outcome took.
type semaphore struct {
	claims
	initialized, sessionless bool

	limit     int
	lent      ledger
	waiting   set // requests that stand in line
	lingering set // requests that may stand in line: they were never answered
	doomed    set // calls that have seen the semaphore they are about to destroy
	destroyed set // requests that stood in line when the semaphore was destroyed
}

func (s *semaphore) clone() object { c := *s; return &c }

func (s *semaphore) String() string {
	return key("initialized ", s.initialized, ", ", s.available(), " available of ", s.limit, ", lent", s.lent, "; waiting",
		s.waiting, "; lingering", s.lingering, "; destroyed", s.destroyed, "; doomed", s.doomed, "; dead", s.dead,
		"; under way", s.stages)
}

func (s *semaphore) available() int { return s.limit - s.lent.in("") }

func (s *semaphore) fits(permits int) bool { return s.initialized && s.available() >= permits }

// take lends permits to a session, or uses them up where there is none.
func (s *semaphore) take(who caller, permits int) bool {
	if !s.fits(permits) {
		return false
	}
	if who.session == "" {
		s.limit -= permits
	} else {
		s.lent = s.lent.add(who, permits)
	}
	return true
}

// leave takes an answered request out of line; it reports false if the semaphore was destroyed while it stood there.
func (s *semaphore) leave(request string) bool {
	destroyed := s.destroyed.has(request)
	s.waiting, s.destroyed = s.waiting.without(request), s.destroyed.without(request)
	return !destroyed
}

// drain takes what is available, and answers how much: 0 while anybody waits. Less than 0 becomes 0.
func (s *semaphore) drain(who caller) int {
	s.witness()
	n := s.available()
	switch {
	case n < 0:
		s.limit -= n
	case s.waiting.others(""):
		return 0
	case n > 0:
		s.take(who, n)
	}
	return n
}

func (s *semaphore) end(session string) {
	s.dead = s.dead.with(session)
	s.lent = s.lent.without(session)
}

func (s *semaphore) destroy() {
	s.initialized, s.limit, s.lent, s.doomed = false, 0, nil, nil
	for _, w := range s.waiting {
		s.destroyed = s.destroyed.with(w)
	}
	s.waiting = nil
}
