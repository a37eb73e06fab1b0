package line_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
)

// twin is a line without any cleverness: it sorts all tickets again whenever it is asked.
type twin struct {
	limit   line.Permits
	tickets []line.Ticket
	holds   map[string]bool
}

func (w *twin) put(t line.Ticket) {
	w.tickets = slices.DeleteFunc(w.tickets, func(o line.Ticket) bool { return o.Item.Key == t.Item.Key })
	w.tickets = append(w.tickets, t)
}

func (w *twin) remove(key string) {
	w.tickets = slices.DeleteFunc(w.tickets, func(o line.Ticket) bool { return o.Item.Key == key })
	delete(w.holds, key)
}

func (w *twin) sorted() []line.Ticket {
	slices.SortFunc(w.tickets, func(a, b line.Ticket) int {
		return cmp.Or(cmp.Compare(a.Item.Create, b.Item.Create), cmp.Compare(a.Item.Key, b.Item.Key))
	})
	return w.tickets
}

// admit lets in, from the head, who fits beside all that hold: once admitted, always admitted.
func (w *twin) admit() (now []string) {
	var held line.Permits
	for _, t := range w.tickets {
		if w.holds[t.Item.Key] {
			held += t.Permits
		}
	}
	for _, t := range w.sorted() {
		if w.holds[t.Item.Key] {
			continue
		}
		if held+t.Permits > w.limit {
			break
		}
		held += t.Permits
		w.holds[t.Item.Key] = true
		now = append(now, t.Item.Key)
	}
	return now
}

// pair is a line beside its twin.
type pair struct {
	r    *rand.Rand
	line *line.Line
	twin *twin
	rev  kv.Revision
}

func newPair(r *rand.Rand) *pair {
	limit := line.Permits(r.IntN(6))
	return &pair{r: r, line: line.New(limit), twin: &twin{limit: limit, holds: map[string]bool{}}}
}

func (p *pair) put(t line.Ticket) {
	p.line.Put(t)
	p.twin.put(t)
}

// come puts one to three tickets in one transaction, so that they share their revision.
func (p *pair) come() {
	p.rev++
	for range 1 + p.r.IntN(3) {
		key := fmt.Sprintf("%c%d", 'a'+rune(p.r.IntN(26)), p.rev)
		p.put(line.Ticket{Item: &kv.Item{Key: key, Create: p.rev, Mod: p.rev}, Permits: p.permits()})
	}
}

func (p *pair) permits() line.Permits { return line.Permits(p.r.IntN(4)) }

func (p *pair) any() (line.Ticket, bool) {
	if len(p.twin.tickets) == 0 {
		return line.Ticket{}, false
	}
	return p.twin.tickets[p.r.IntN(len(p.twin.tickets))], true
}

// touch writes to a ticket that is in line.
func (p *pair) touch() {
	p.rev++
	if t, ok := p.any(); ok {
		i := *t.Item
		i.Mod = p.rev
		p.put(line.Ticket{Item: &i, Permits: p.permits()})
	}
}

// leave takes out a ticket, as it is known from its last or from its first writing.
func (p *pair) leave() {
	p.rev++
	if t, ok := p.any(); ok {
		p.line.Remove(&kv.Item{Key: t.Item.Key, Create: t.Item.Create})
		p.twin.remove(t.Item.Key)
	}
}

// gone takes out a ticket that is not there.
func (p *pair) gone() {
	p.line.Remove(&kv.Item{Key: "nobody", Create: kv.Revision(p.r.IntN(int(p.rev + 2)))})
}

func (p *pair) step() {
	switch n := p.r.IntN(10); {
	case n < 4:
		p.come()
	case n < 6:
		p.touch()
	case n < 9:
		p.leave()
	default:
		p.gone()
	}
}

func (p *pair) check(t *testing.T, seed uint64) {
	t.Helper()
	now, want := keysOf(p.line.Admit()), p.twin.admit()
	if !slices.Equal(now, want) {
		t.Fatalf("seed %d: admitted %v, want %v", seed, now, want)
	}
	sorted := p.twin.sorted()
	if p.line.Len() != len(sorted) || p.line.Admitted() != len(p.twin.holds) {
		t.Fatalf("seed %d: %d of %d hold, want %d of %d", seed, p.line.Admitted(), p.line.Len(), len(p.twin.holds), len(sorted))
	}
	for n, want := range sorted {
		if got := p.line.At(n); got != want.Item || p.line.Index(got) != n || p.twin.holds[got.Key] != (n < p.line.Admitted()) {
			t.Fatalf("seed %d: place %d: %v at %d, want %v", seed, n, got, p.line.Index(got), want.Item)
		}
	}
	if head := p.line.Head(); (head == nil) != (len(sorted) == 0) || head != nil && head != sorted[0].Item {
		t.Fatalf("seed %d: head %v", seed, head)
	}
}

func keysOf(items []*kv.Item) (keys []string) {
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	return keys
}

func TestALineIsAlwaysAsItsDumbTwin(t *testing.T) {
	for seed := range uint64(400) {
		p := newPair(rand.New(rand.NewPCG(seed, 0)))
		for range 40 {
			for range 1 + p.r.IntN(3) { // a revision, or several that were folded at once
				p.step()
			}
			p.check(t, seed)
		}
	}
}

// A gateway that starts late reads the tickets in any order, and admits only when it has them all: where nobody
// holds more than the limit, it sees the holders that all others see.
func TestALineReadInAnyOrderIsTheLineThatSawThemCome(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := newPair(r)
		for range 40 {
			if r.IntN(3) == 0 {
				p.leave()
			} else {
				p.come()
			}
			p.check(t, seed)
		}
		late := line.New(p.twin.limit)
		for _, n := range r.Perm(len(p.twin.tickets)) {
			late.Put(p.twin.tickets[n])
		}
		late.Admit()
		if late.Admitted() != p.line.Admitted() || late.Len() != p.line.Len() {
			t.Fatalf("seed %d: %d of %d hold, want %d of %d", seed, late.Admitted(), late.Len(), p.line.Admitted(), p.line.Len())
		}
		for n := range late.Len() {
			if late.At(n) != p.line.At(n) {
				t.Fatalf("seed %d: place %d: %v, want %v", seed, n, late.At(n), p.line.At(n))
			}
		}
	}
}

func TestTheZeroLineAdmitsNobody(t *testing.T) {
	var l line.Line
	if l.Len() != 0 || l.Admitted() != 0 || l.Head() != nil || l.Admit() != nil || l.Index(&kv.Item{Key: "a"}) != -1 {
		t.Errorf("%+v", l)
	}
	l.Remove(&kv.Item{Key: "a"})
	l.Put(line.Ticket{Item: &kv.Item{Key: "a", Create: 1}, Permits: 1})
	if l.Admit() != nil || l.Len() != 1 {
		t.Errorf("%+v", l)
	}
}
