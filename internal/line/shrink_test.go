package line_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/line"
)

// In the histories of this file nobody ever takes more than it was admitted with, and a limit shrinks as cpgate lets it:
// together with the last ticket admitted at that moment.

// give gives back a part of what a ticket takes, or nothing.
func (p *pair) give() {
	p.rev++
	if t, ok := p.any(); ok {
		i := *t.Item
		i.Mod = p.rev
		p.put(line.Ticket{Item: &i, Permits: line.Permits(p.r.IntN(int(t.Permits + 1)))})
	}
}

// raise and shrink keep the place up to which all hold, which never moves back.
func (p *pair) raise() {
	l := p.line.Limit()
	l.Permits += line.Permits(p.r.IntN(4))
	p.limit(l)
}

func (p *pair) shrink() {
	l := p.line.Limit()
	l.Permits -= line.Permits(p.r.IntN(4))
	if n := p.line.Admitted(); n > 0 {
		if last := line.PlaceOf(p.line.At(n - 1)); last.Compare(l.Through) > 0 {
			l.Through = last
		}
	}
	p.limit(l)
}

// keep takes one step of such a history. Whoever lowers the limit sees who holds by then.
func (p *pair) keep(t *testing.T, seed uint64) {
	switch n := p.r.IntN(12); {
	case n < 5:
		p.come()
	case n < 8:
		p.leave()
	case n < 9:
		p.give()
	case n < 10:
		p.raise()
	default:
		p.check(t, seed)
		p.shrink()
	}
}

// S3: once admitted, always admitted.
func TestNobodyEverLosesWhatItHoldsToALowerLimit(t *testing.T) {
	for seed := range uint64(150) {
		p := newPair(rand.New(rand.NewPCG(seed, 2)))
		var held []string
		for range 60 {
			p.keep(t, seed)
			p.check(t, seed)
			for _, key := range held {
				if in := slices.ContainsFunc(p.twin.tickets, func(t line.Ticket) bool { return t.Item.Key == key }); in && !p.twin.holds[key] {
					t.Fatalf("seed %d: %q held, and waits under %+v", seed, key, p.line.Limit())
				}
			}
			held = holders(p.line)
		}
	}
}

func holders(l *line.Line) (keys []string) {
	for n := range l.Admitted() {
		keys = append(keys, l.At(n).Key)
	}
	return keys
}

// S1: what is admitted newly fits under the limit, together with all that hold.
func TestWhoeverIsAdmittedFitsUnderTheLimitOfThatMoment(t *testing.T) {
	for seed := range uint64(150) {
		p := newPair(rand.New(rand.NewPCG(seed, 3)))
		for range 60 {
			p.keep(t, seed)
			if now := p.line.Admit(); len(now) > 0 && p.line.Held() > p.line.Limit().Permits {
				t.Fatalf("seed %d: %v came to hold, of %d under %+v", seed, keysOf(now), p.line.Held(), p.line.Limit())
			}
			p.twin.admit()
		}
	}
}

// R1: a gateway that starts late reads the record and the tickets in any order, admits only when it has them all, and
// sees the holders that all others see.
func TestALineReadInAnyOrderIsTheLineThatSawThemCome(t *testing.T) {
	for seed := range uint64(150) {
		p := newPair(rand.New(rand.NewPCG(seed, 4)))
		for range 60 {
			p.keep(t, seed)
			p.check(t, seed)
		}
		late := line.New(0)
		for _, n := range p.r.Perm(len(p.twin.tickets) + 1) {
			if n == len(p.twin.tickets) {
				late.SetLimit(p.line.Limit())
			} else {
				late.Put(p.twin.tickets[n])
			}
		}
		late.Admit()
		same(t, seed, late, p.line)
	}
}

// R1: nor does it matter how much of it a line has seen, and been told, before it lost sight of the rest.
func TestALineThatMissedAPartComesOutAsTheOneThatDidNot(t *testing.T) {
	for seed := range uint64(150) {
		p := newPair(rand.New(rand.NewPCG(seed, 5)))
		lost := line.New(p.line.Limit().Permits)
		var there []line.Ticket // what lost knows of
		for range 8 {
			held := holders(lost)
			for range 1 + p.r.IntN(8) {
				p.keep(t, seed)
				p.check(t, seed)
			}
			for _, old := range there {
				if !slices.ContainsFunc(p.twin.tickets, func(t line.Ticket) bool { return t.Item.Key == old.Item.Key }) {
					lost.Remove(old.Item)
				}
			}
			there = slices.Clone(p.twin.tickets)
			lost.SetLimit(p.line.Limit())
			for _, n := range p.r.Perm(len(there)) {
				lost.Put(there[n])
			}
			want := slices.DeleteFunc(holders(p.line), func(key string) bool { return slices.Contains(held, key) })
			if now := keysOf(lost.Admit()); !slices.Equal(now, want) {
				t.Fatalf("seed %d: told of %v, want %v", seed, now, want)
			}
			same(t, seed, lost, p.line)
		}
	}
}

func same(t *testing.T, seed uint64, l, want *line.Line) {
	t.Helper()
	if l.Admitted() != want.Admitted() || l.Len() != want.Len() || l.Held() != want.Held() {
		t.Fatalf("seed %d: %d of %d hold %d, want %d of %d hold %d",
			seed, l.Admitted(), l.Len(), l.Held(), want.Admitted(), want.Len(), want.Held())
	}
	for n := range l.Len() {
		if l.At(n) != want.At(n) {
			t.Fatalf("seed %d: place %d: %v, want %v", seed, n, l.At(n), want.At(n))
		}
	}
}
