package mirror

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/value"
)

// lockLimit makes a line a lock's: one ticket holds.
const lockLimit = 1

// group is what belongs to one lock, semaphore or latch, or one semaphore's or latch's memos without a session.
type group struct {
	name      string
	line      *line.Line // tickets; memos in the order in which they came, of which none is admitted
	record    *kv.Item   // of a semaphore or latch
	semaphore value.Semaphore
	latch     value.Latch
	readable  bool          // the record says what it should
	arrivals  map[int64]int // of a latch, by round
	appeared  bool          // the record was not there when the revision that is being folded began
	reached   bool          // nothing remains of the latch's round, which was told
	voided    []*kv.Item    // tickets that held when the record went, in the revision that is being folded
}

func newGroup(name string) *group { return &group{name: name, line: line.New(0)} }

func (g *group) empty() bool { return g.record == nil && g.line.Len() == 0 && len(g.arrivals) == 0 }

// put adds a key, or replaces one that stays where it is.
func (g *group) put(i *kv.Item, k keys.Kind, stays bool) {
	switch k {
	case keys.LockTicket:
		if g.line.Len() == 0 {
			g.line.SetLimit(line.Limit{Permits: lockLimit})
		}
		g.line.Put(line.Ticket{Item: i, Permits: 1})
	case keys.SemaphoreTicket:
		_, t, _ := value.ReadTicket(g.name, i)
		g.line.Put(line.Ticket{Item: i, Permits: line.Permits(t.Permits)})
	case keys.SharedMemo:
		g.line.Put(line.Ticket{Item: i, Permits: 1})
	case keys.SemaphoreRecord:
		g.appeared = g.appeared || g.record == nil || g.record.Create != i.Create
		g.record = i
		g.semaphore, g.readable = value.DecodeSemaphore(i)
		g.line.SetLimit(g.semaphore.Limit())
	case keys.LatchRecord:
		g.record = i
		g.latch, g.readable = value.DecodeLatch(i)
	case keys.Arrival:
		if !stays {
			g.arrive(i.Key, 1)
		}
	}
}

// remove takes a key out.
func (g *group) remove(i *kv.Item, k keys.Kind) {
	switch k {
	case keys.SemaphoreRecord:
		g.void()
		g.record, g.semaphore, g.readable = nil, value.Semaphore{}, false
		g.line.SetLimit(line.Limit{})
	case keys.LatchRecord:
		g.record, g.latch, g.readable = nil, value.Latch{}, false
	case keys.Arrival:
		g.arrive(i.Key, -1)
	default:
		g.line.Remove(i)
	}
}

func (g *group) arrive(key string, by int) {
	round, _ := keys.ParseArrival(g.name, key) // what is no arrival counts in round 0, which never is
	if g.arrivals == nil {
		g.arrivals = map[int64]int{}
	}
	if g.arrivals[round] += by; g.arrivals[round] == 0 {
		delete(g.arrivals, round)
	}
}

// remaining is how many arrivals the latch's round lacks.
func (g *group) remaining() int32 {
	if !g.readable {
		return 0
	}
	return int32(max(0, int(g.latch.Count)-g.arrivals[int64(g.record.Mod)]))
}

// settle ends a revision: it returns the keys whose waiters have something new to see though nobody wrote to them.
func (g *group) settle() (news []string) {
	for _, i := range g.line.Admit() {
		news = append(news, i.Key)
	}
	switch {
	case g.record == nil:
	case g.appeared: // it may be of the kind that some who wait did not expect
		g.appeared = false
		for n := range g.line.Len() {
			news = append(news, g.line.At(n).Key)
		}
	case g.semaphore.Sessionless && g.line.Len() > 0:
		news = append(news, g.line.Head().Key)
	}
	if reached := g.latch.Count > 0 && g.remaining() == 0; reached != g.reached {
		g.reached = reached
		news = append(news, keys.RecordOf(g.name))
	}
	return news
}
