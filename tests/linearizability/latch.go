package linearizability

// latch is a countdown latch with rounds (C1, C2, C3).
type latch struct {
	claims
	count, remaining int
	round            int64 // 0 while it is not set
	last             int64 // the highest round that there was
	awaiting         set   // requests that wait
	doomed           set   // calls that have seen the latch they are about to destroy
	destroyed        set   // those that waited when the latch was destroyed
}

func (l *latch) clone() object { c := *l; return &c }

func (l *latch) String() string {
	return key(l.remaining, " of ", l.count, " remaining in round ", l.round, "; last round ", l.last, "; awaiting",
		l.awaiting, "; destroyed", l.destroyed, "; doomed", l.doomed, "; under way", l.stages)
}

// see learns the round that is on, of which nobody was told yet.
func (l *latch) see(round int64) bool {
	if l.round == untold && round > l.last {
		l.round, l.last = round, round
	}
	return l.round == round
}

// untold is a round that was begun by a request of unknown outcome.
const untold = -1

// set begins a round, if nothing remains of the one before.
func (l *latch) set(count int) bool {
	if l.remaining > 0 {
		return false
	}
	l.count, l.remaining, l.round = count, count, untold
	return true
}

func (l *latch) arrive() { l.remaining = max(l.remaining-1, 0) }

func (l *latch) await(request string) {
	if l.remaining > 0 {
		l.awaiting = l.awaiting.with(request)
	}
}

func (l *latch) destroy() {
	for _, a := range l.awaiting {
		l.destroyed = l.destroyed.with(a)
	}
	*l = latch{claims: l.claims, last: l.last, destroyed: l.destroyed}
}
