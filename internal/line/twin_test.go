package line_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
)

// twin is a line without any cleverness: it sorts all tickets again whenever it is asked.
type twin struct {
	limit   line.Limit
	tickets []line.Ticket
	holds   map[string]bool
	told    map[string]bool // of those who hold
}

// newTwin returns the twin of line.New(limit).
func newTwin(limit line.Permits) *twin {
	return &twin{limit: line.Limit{Permits: limit}, holds: map[string]bool{}, told: map[string]bool{}}
}

// set lets nobody hold for having held under the limit before.
func (w *twin) set(l line.Limit) {
	w.limit = l
	clear(w.holds)
}

func (w *twin) put(t line.Ticket) {
	w.tickets = slices.DeleteFunc(w.tickets, func(o line.Ticket) bool { return o.Item.Key == t.Item.Key })
	w.tickets = append(w.tickets, t)
}

func (w *twin) remove(key string) {
	w.tickets = slices.DeleteFunc(w.tickets, func(o line.Ticket) bool { return o.Item.Key == key })
	delete(w.holds, key)
	delete(w.told, key)
}

func (w *twin) sorted() []line.Ticket {
	slices.SortFunc(w.tickets, func(a, b line.Ticket) int {
		return cmp.Or(cmp.Compare(a.Item.Create, b.Item.Create), cmp.Compare(a.Item.Key, b.Item.Key))
	})
	return w.tickets
}

// held is what those who hold take.
func (w *twin) held() (n line.Permits) {
	for _, t := range w.tickets {
		if w.holds[t.Item.Key] {
			n += t.Permits
		}
	}
	return n
}

// admit lets in, from the head, who fits beside all that hold, and who stands no further behind than the limit says:
// once admitted, always admitted.
func (w *twin) admit() (now []string) {
	for _, t := range w.sorted() {
		if w.holds[t.Item.Key] {
			continue
		}
		through := line.PlaceOf(t.Item).Compare(w.limit.Through) <= 0
		if !through && w.held()+t.Permits > w.limit.Permits {
			break
		}
		w.holds[t.Item.Key] = true
	}
	for _, t := range w.tickets {
		if key := t.Item.Key; w.holds[key] && !w.told[key] {
			now = append(now, key)
		}
	}
	w.told = maps.Clone(w.holds)
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
	return &pair{r: r, line: line.New(limit), twin: newTwin(limit)}
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

// set sets any limit: up to any ticket, also one that is gone or yet to come, all may hold.
func (p *pair) set() {
	l := line.Limit{Permits: line.Permits(p.r.IntN(8) - 1)}
	switch t, ok := p.any(); {
	case p.r.IntN(3) == 0:
		l.Through = line.Place{Create: kv.Revision(p.r.IntN(int(p.rev + 3))), Key: string('a' + rune(p.r.IntN(26)))}
	case ok && p.r.IntN(2) == 0:
		l.Through = line.PlaceOf(t.Item)
	}
	p.limit(l)
}

func (p *pair) limit(l line.Limit) {
	p.line.SetLimit(l)
	p.twin.set(l)
}

func (p *pair) step() {
	switch n := p.r.IntN(12); {
	case n < 4:
		p.come()
	case n < 6:
		p.touch()
	case n < 9:
		p.leave()
	case n < 11:
		p.set()
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
	if again := p.line.Admit(); again != nil {
		t.Fatalf("seed %d: %v are told twice", seed, keysOf(again))
	}
	sorted := p.twin.sorted()
	if p.line.Held() != p.twin.held() || p.line.Limit() != p.twin.limit {
		t.Fatalf("seed %d: %d held under %v, want %d under %v", seed, p.line.Held(), p.line.Limit(), p.twin.held(), p.twin.limit)
	}
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
	for seed := range uint64(200) {
		p := newPair(rand.New(rand.NewPCG(seed, 0)))
		for range 40 {
			for range 1 + p.r.IntN(3) { // a revision, or several that were folded at once
				p.step()
			}
			p.check(t, seed)
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
