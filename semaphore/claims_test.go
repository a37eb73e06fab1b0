package semaphore_test

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/cpgate/cpgate/semaphore"
)

// claims are what the product told while it ran, to be held against the history of the run.
type claims struct {
	mu     sync.Mutex
	told   []told
	states []stated
	counts map[string]int
}

// told is an answer, given between two revisions.
type told struct {
	kind     string
	from, to int64
	what     string
	is       func(o *oracle, c told) bool
}

// stated is what a gateway said to be true at one revision.
type stated struct {
	rev int64
	is  string
}

func newClaims() *claims { return &claims{counts: map[string]int{}} }

func (c *claims) tell(t told) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, t)
	c.counts[t.kind]++
}

func (c *claims) state(rev int64, st semaphore.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.states = append(c.states, stated{rev, spellState(st)})
	c.counts["states"]++
}

// acquired claims that the ticket was admitted by the time of the answer.
func (c *claims) acquired(key string, from, to int64) {
	c.tell(told{"acquired", from, to, key + " acquired", func(o *oracle, c told) bool {
		rev, ok := o.admitted[key]
		return ok && rev > c.from && rev <= c.to
	}})
}

// refused claims that at some moment of the call so many were available, and that they were too few or waited for (X3).
func (c *claims) refused(n, available semaphore.Permits, from, to int64) {
	what := fmt.Sprintf("%d refused, %d available", n, available)
	c.tell(told{"refused", from, to, what, func(o *oracle, c told) bool {
		return slices.ContainsFunc(o.during(c.from, c.to), func(m moment) bool {
			return m.available == int64(available) && (m.waiting > 0 || m.available < int64(n))
		})
	}})
}

// drained claims that so many were available at some moment of the call, and from then on none; or that none were, or
// somebody waited.
func (c *claims) drained(key string, n semaphore.Permits, from, to int64) {
	kind := map[int]string{-1: "drained less", 0: "drained none", 1: "drained"}[cmp.Compare(n, 0)]
	c.tell(told{kind, from, to, fmt.Sprintf("%s drained %d", key, n), func(o *oracle, c told) bool {
		all := o.during(c.from, c.to)
		for i, m := range all {
			switch {
			case n == 0 && (m.available == 0 || m.waiting > 0 && m.available > 0):
				return true
			case n == 0 || i == 0 || m.available != 0 || all[i-1].available != int64(n):
			case n < 0 && m.limit-all[i-1].limit == -int64(n):
				return true
			case n > 0 && all[i-1].waiting+m.waiting == 0 && o.admitted[key] == m.rev:
				return true
			}
		}
		return false
	}})
}

// verdict returns which claims are not true.
func (c *claims) verdict(history [][]event) (o *oracle, faults []string) {
	o = newOracle()
	slices.SortFunc(c.states, func(a, b stated) int { return cmp.Compare(a.rev, b.rev) })
	left := c.states
	look := func(until int64) {
		for ; len(left) > 0 && left[0].rev < until; left = left[1:] {
			if is := o.spell(); is != left[0].is {
				faults = append(faults, fmt.Sprintf("at %d said\n%s\nis\n%s (R1)", left[0].rev, left[0].is, is))
			}
		}
	}
	for _, events := range history {
		look(events[0].rev)
		o.fold(events)
	}
	look(o.moments[len(o.moments)-1].rev + 1_000_000)
	for _, t := range c.told {
		if !t.is(o, t) {
			faults = append(faults, fmt.Sprintf("not true from %d to %d: %s: %+v", t.from, t.to, t.what, o.during(t.from, t.to)))
		}
	}
	return o, faults
}
