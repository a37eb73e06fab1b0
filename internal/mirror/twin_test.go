package mirror_test

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/value"
)

// The twin finds out everything from scratch, from the keys that are there.

// groupOf says what a key belongs to, and as what: "" for nothing.
func groupOf(key string) (group, as string) {
	parts := strings.Split(key, "/")
	below := strings.HasPrefix(key, "cp/memo/-/semaphore/")
	switch {
	case below && len(parts) > 5 && parts[4] != "":
		return strings.Join(parts[:5], "/") + "/", "memo"
	case parts[0] != "cp" || len(parts) < 3 || parts[2] == "":
		return "", ""
	}
	as = map[string]string{"lock": "hold", "semaphore": "ticket", "latch": "arrival"}[parts[1]]
	if len(parts) == 3 {
		as = map[string]string{"semaphore": "permits", "latch": "count"}[parts[1]]
	}
	if as == "" {
		return "", ""
	}
	return strings.Join(parts[:3], "/") + "/", as
}

// group is all that belongs together.
type group struct {
	record   *kv.Item
	line     []*kv.Item
	admitted int // of the line
	held     line.Permits
	arrivals map[int64]int

	semaphore value.Semaphore
	latch     value.Latch
	readable  bool
	remaining int32
}

func (h *history) groups() map[string]group {
	all := map[string]group{}
	for _, i := range h.all() {
		name, as := groupOf(i.Key)
		g := all[name]
		switch as {
		case "":
			continue
		case "permits", "count":
			g.record = i
		case "arrival":
			if g.arrivals == nil {
				g.arrivals = map[int64]int{}
			}
			g.arrivals[roundOf(i.Key)]++
		default:
			g.line = append(g.line, i)
		}
		all[name] = g
	}
	for name, g := range all {
		all[name] = g.judged(name)
	}
	return all
}

// roundOf is 0 for what is no arrival.
func roundOf(key string) int64 {
	parts := strings.Split(key, "/")
	if len(parts) != 5 || parts[4] == "" {
		return 0
	}
	round, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil || strconv.FormatInt(round, 10) != parts[3] {
		return 0
	}
	return round
}

// judged says what the record and the others come to.
func (g group) judged(name string) group {
	slices.SortFunc(g.line, func(a, b *kv.Item) int {
		return cmp.Or(cmp.Compare(a.Create, b.Create), cmp.Compare(a.Key, b.Key))
	})
	switch {
	case strings.HasPrefix(name, "cp/lock/"):
		g.admitted, g.held = 1, 1
	case strings.HasPrefix(name, "cp/latch/") && g.record != nil:
		if g.latch, g.readable = value.DecodeLatch(g.record); g.readable {
			g.remaining = max(0, g.latch.Count-int32(g.arrivals[int64(g.record.Mod)]))
		}
	case strings.HasPrefix(name, "cp/semaphore/") && g.record != nil:
		g.semaphore, g.readable = value.DecodeSemaphore(g.record)
		g.admit()
	}
	return g
}

// admit lets in, from the head, who fits or stands no further behind than the record says.
func (g *group) admit() {
	if g.semaphore.Sessionless || !g.readable {
		return
	}
	for _, i := range g.line {
		through, permits := false, permitsOf(i)
		if p := g.semaphore.Through; p != nil {
			through = i.Create < p.Create || i.Create == p.Create && i.Key <= p.Key
		}
		if !through && int64(g.held+permits) > g.semaphore.Permits {
			return
		}
		g.held += permits
		g.admitted++
	}
}

// permitsOf is how many permits a ticket counts: one, where cpgate did not write it or it is not on its session's lease.
func permitsOf(i *kv.Item) line.Permits {
	t, ok := value.DecodeTicket(i)
	lease, own := ownLease(i.Key)
	if !ok || !own || i.Lease != lease {
		return 1
	}
	return line.Permits(t.Permits)
}

// ownLease is the lease that a ticket in the line of a semaphore is to be on.
func ownLease(key string) (lease kv.LeaseID, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || parts[1] != "semaphore" {
		return 0, false
	}
	lease, ok = map[string]kv.LeaseID{"1.r": 1, "1.s": 1, "2.r": 2, "3.r": 3, "-.r": 0, "-.s": 0}[parts[3]]
	return lease, ok
}

func (g group) reached() bool { return g.readable && g.latch.Count > 0 && g.remaining == 0 }

// holds reports whether the ticket, put in that revision, is admitted.
func (g group) holds(i *kv.Item) bool {
	return slices.ContainsFunc(g.line[:g.admitted], func(o *kv.Item) bool { return o.Key == i.Key && o.Create == i.Create })
}

// newsOf are the keys whose waiters have something new to see, when the changed ones are what was written to.
func newsOf(before, after map[string]group, changed []string) []string {
	news := slices.Clone(changed)
	for _, key := range changed {
		name, _ := groupOf(key)
		was, is := before[name], after[name]
		for _, i := range is.line[:is.admitted] {
			if !was.holds(i) {
				news = append(news, i.Key)
			}
		}
		switch {
		case is.record == nil:
		case was.record == nil || was.record.Create != is.record.Create:
			news = append(news, keysOf(is.line)...)
		case is.semaphore.Sessionless && len(is.line) > 0:
			news = append(news, is.line[0].Key)
		}
		if was.reached() != is.reached() {
			news = append(news, strings.TrimSuffix(name, "/"))
		}
	}
	slices.Sort(news)
	return slices.Compact(news)
}

func keysOf(items []*kv.Item) (keys []string) {
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	return keys
}
