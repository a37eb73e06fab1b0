package sim

import (
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/cpgate/cpgate/session"
)

// semSequel is a semaphore that does one thing after the other. It is never changed, only replaced.
type semSequel struct {
	there       bool
	sessionless bool
	permits     int64
	grants      []grant // in the order in which they were given
}

// grant is what a request got.
type grant struct {
	request string
	sid     session.ID
	n       int64
}

// semInput is one thing that is done, with what came of it.
type semInput struct {
	what        semDoes
	request     string
	sid         session.ID
	ticket      string
	n           int64
	parts       []grant // of which grants it gives back
	yes         bool
	sessionless bool
}

// semDoes is a kind of thing that is done.
type semDoes int

const (
	nothing semDoes = iota
	takes
	drains
	gives
	shrinks
	holdsNothing
	holdsLess
	isNotThere
	changes
	inits
	destroys
	gets
	sessionEnds
)

func (d semDoes) String() string {
	return [...]string{
		"nothing", "takes", "drains", "gives", "shrinks", "holds nothing", "holds less", "is not there", "changes", "inits",
		"destroys", "gets", "session ends",
	}[d]
}

var semModel = porcupine.Model{
	Init: func() any { return semSequel{} },
	Step: func(state, input, _ any) (bool, any) {
		next, ok := state.(semSequel).do(input.(semInput))
		return ok, next
	},
	Equal: func(a, b any) bool {
		x, y := a.(semSequel), b.(semSequel)
		return x.there == y.there && x.sessionless == y.sessionless && x.permits == y.permits && slices.Equal(x.grants, y.grants)
	},
}

// do returns what comes next, and whether that can be at all.
func (s semSequel) do(in semInput) (semSequel, bool) {
	switch in.what {
	case takes:
		return s.take(in), s.there && s.available() >= in.n
	case drains:
		if in.n > 0 {
			return s.take(in), s.there && s.available() == in.n
		}
		fits := s.available() == in.n
		s.permits -= in.n
		return s, s.there && fits
	case gives:
		return s.give(in)
	case shrinks:
		return s.less(func(g grant) bool { return g.request == in.request }, in.n)
	case holdsNothing:
		return s, s.held(func(g grant) bool { return g.request == in.ticket }) == 0
	case holdsLess:
		return s, s.held(func(g grant) bool { return g.sid == in.sid }) < in.n
	case isNotThere:
		return s, !s.there
	case changes:
		s.permits += in.n
		return s, s.there
	case gets:
		return s, s.there == in.yes && s.available() == in.n
	}
	return s.begin(in)
}

// begin does what begins or ends something.
func (s semSequel) begin(in semInput) (semSequel, bool) {
	switch {
	case in.what == sessionEnds:
		s.grants = slices.DeleteFunc(slices.Clone(s.grants), func(g grant) bool { return g.sid == in.sid })
		return s, true
	case in.what == inits && !in.yes:
		return s, s.there
	case in.what == inits:
		return semSequel{there: true, sessionless: in.sessionless, permits: in.n}, !s.there
	case in.what == destroys && !in.yes:
		return s, !s.there
	case in.what == destroys:
		return semSequel{}, s.there
	}
	return s, false
}

func (s semSequel) take(in semInput) semSequel {
	if s.sessionless {
		s.permits -= in.n
		return s
	}
	s.grants = append(slices.Clone(s.grants), grant{in.request, in.sid, in.n})
	return s
}

// give releases permits.
func (s semSequel) give(in semInput) (semSequel, bool) {
	if s.sessionless {
		s.permits += in.n
		return s, s.there
	}
	left := in.n
	for _, p := range in.parts {
		next, ok := s.less(func(g grant) bool { return g.request == p.request && g.sid == in.sid }, p.n)
		if !ok {
			return s, false
		}
		s, left = next, left-p.n
	}
	return s, left == 0
}

// less takes n permits away from the grants that match, the oldest first.
func (s semSequel) less(match func(grant) bool, n int64) (semSequel, bool) {
	var rest []grant
	for _, g := range s.grants {
		if match(g) {
			part := min(g.n, n)
			g.n, n = g.n-part, n-part
		}
		if g.n > 0 {
			rest = append(rest, g)
		}
	}
	s.grants = rest
	return s, n == 0
}

func (s semSequel) held(match func(grant) bool) (n int64) {
	for _, g := range s.grants {
		if match(g) {
			n += g.n
		}
	}
	return n
}

func (s semSequel) available() int64 { return s.permits - s.held(func(grant) bool { return true }) }
