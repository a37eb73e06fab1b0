package sim

import (
	"fmt"
	"slices"

	"github.com/cpgate/cpgate/countdownlatch"
)

// dumbLatch is a latch without any cleverness.
type dumbLatch struct {
	there     bool
	round     countdownlatch.Round // as the real one names it
	remaining int64
	arrived   []string // in this round
	before    []string // in the round before
	waiting   []*dumbCall
}

// set begins a round, if nothing remains; begun is how the real one names it.
func (l *dumbLatch) set(n int64, begun countdownlatch.Round) *dumbCall {
	if l.remaining > 0 {
		return answered("false %d", l.round)
	}
	l.there, l.round, l.remaining = true, begun, n
	l.before, l.arrived = l.arrived, nil
	return answered("true %d", begun)
}

// countDown arrives in a round, 0 for the one that is on.
func (l *dumbLatch) countDown(request string, round countdownlatch.Round, now countdownlatch.Round) *dumbCall {
	switch {
	case l.there && round > l.round, !l.there && round > now:
		return answered("future round")
	case l.remaining > 0 && (round == 0 || round == l.round) && !slices.Contains(l.arrived, request) && !slices.Contains(l.before, request):
		l.arrived = append(l.arrived, request)
		l.remaining--
	}
	if l.remaining == 0 {
		l.wake("true %d", l.round)
	}
	return answered("%d of %d", l.remaining, l.round)
}

func (l *dumbLatch) wake(format string, args ...any) {
	for _, c := range l.waiting {
		c.is(format, args...)
	}
	l.waiting = nil
}

func (l *dumbLatch) await(try bool) *dumbCall {
	switch {
	case l.remaining == 0:
		return answered("true %d", l.round)
	case try:
		return answered("false, %d of %d", l.remaining, l.round)
	}
	c := &dumbCall{}
	l.waiting = append(l.waiting, c)
	return c
}

func (l *dumbLatch) timeOut(c *dumbCall) {
	c.is("false, %d of %d", l.remaining, l.round)
	l.waiting = slices.DeleteFunc(l.waiting, func(o *dumbCall) bool { return o == c })
}

func (l *dumbLatch) destroy() *dumbCall {
	was := l.there
	l.wake("destroyed")
	*l = dumbLatch{}
	return answered("%v", was)
}

func (l *dumbLatch) String() string {
	return fmt.Sprintf("%v: %d of %d", l.there, l.remaining, l.round)
}
