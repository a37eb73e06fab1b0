package linearizability

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Part is the history of one lock, semaphore or latch.
type Part struct {
	// Name is its kind and name.
	Name string
	// Calls is how many calls were made to it, and Unknown of how many it is open whether they were done.
	Calls, Unknown int
	// Pause is how long the longest call took that does not wait for anybody.
	Pause time.Duration

	first    object
	events   []event
	sessions set
}

// Parts sorts a history by what its calls are about. That a session can't expire before its time is taken for granted only
// if trusted.
func (h History) Parts(trusted bool) []Part {
	calls, lives := h.calls(), h.lives()
	bound(calls, lives)
	owners := tickets(calls)
	parts := map[string]*Part{}
	for _, c := range calls {
		name := text(c.request, "name")
		events, first := eventsOf(c, func(ticket string) string { return owners[name+"/"+ticket] })
		if first == nil {
			continue
		}
		p := parts[about(first, name)]
		if p == nil {
			p = &Part{Name: about(first, name), first: first}
			parts[p.Name] = p
		}
		p.add(c, events)
	}
	var all []Part
	for _, p := range parts {
		for _, s := range p.sessions {
			p.events = append(p.events, lives[s].events(s, trusted)...)
		}
		slices.SortStableFunc(p.events, func(a, b event) int { return cmp.Compare(a.from, b.from) })
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (p *Part) add(c call, events []event) {
	p.Calls++
	if !c.known {
		p.Unknown++
	} else if !waits(c.request) {
		p.Pause = max(p.Pause, time.Duration(c.to-c.from))
	}
	p.events = append(p.events, events...)
	if s := text(c.request, "session_id"); s != "" {
		p.sessions = p.sessions.with(s)
	}
}

// waits reports whether a request may have to wait for others.
func waits(m proto.Message) bool {
	q, ok := m.(interface{ GetTimeout() *durationpb.Duration })
	return ok && (q.GetTimeout() == nil || q.GetTimeout().AsDuration() > 0)
}

// eventsOf are what a call did, and to what: nil for calls that are about sessions alone.
func eventsOf(c call, owner func(string) string) ([]event, object) {
	switch kindOf(c.request) {
	case "lock":
		return lockEvents(c), &lock{}
	case "semaphore":
		return semaphoreEvents(c, owner), &semaphore{}
	case "latch":
		return latchEvents(c), &latch{}
	}
	return nil, nil
}

func about(o object, name string) string {
	switch o.(type) {
	case *lock:
		return fmt.Sprintf("lock %q", name)
	case *semaphore:
		return fmt.Sprintf("semaphore %q", name)
	}
	return fmt.Sprintf("latch %q", name)
}

// bound ends the time that calls of unknown outcome have: they come to nothing once their session is gone, or they were
// cancelled.
func bound(calls []call, lives map[string]*life) {
	cancels := map[string]int64{}
	for _, c := range calls {
		if id, ok := cancelled(c.request); ok && c.known {
			cancels[id] = c.to
		}
	}
	for i := range calls {
		c := &calls[i]
		if _, cancels := cancelled(c.request); c.known || cancels {
			continue
		}
		if l := lives[text(c.request, "session_id")]; l != nil {
			c.to = min(c.to, l.gone)
		}
		if end, ok := cancels[text(c.request, "request_id")]; ok {
			c.to = min(c.to, end)
		}
		c.to = max(c.to, c.from+2)
	}
}

// tickets are the owners of the tickets of each semaphore.
func tickets(calls []call) map[string]string {
	owners := map[string]string{}
	for _, c := range calls {
		if kindOf(c.request) == "semaphore" {
			if id := text(c.request, "request_id"); id != "" && text(c.request, "owner") != "" {
				owners[text(c.request, "name")+"/"+id] = text(c.request, "owner")
			}
		}
	}
	return owners
}

// Check looks for an order. It is porcupine.Unknown when there was not time enough.
func (p Part) Check(timeout time.Duration) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(model(p.first), operations(p.events), timeout)
}

// Shortest is the shortest beginning of p, in time, for which no order is found either.
func (p Part) Shortest(timeout time.Duration) Part {
	var ends []int64
	for _, e := range p.events {
		ends = append(ends, e.to)
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	i, _ := slices.BinarySearchFunc(ends, 0, func(end int64, _ int) int {
		if p.until(end).Check(timeout) == porcupine.Ok {
			return -1
		}
		return 0
	})
	if i == len(ends) {
		return p
	}
	return p.until(ends[i])
}

// until is what was known of p at a moment: of what was under way it is open whether it had been done.
func (p Part) until(end int64) Part {
	cut := p
	cut.first, cut.events = &ending{object: p.first}, nil
	for _, e := range p.events {
		if e.from > end {
			continue
		}
		e.do = unlessOver(e.do)
		if e.to > end {
			e.to = forever
		}
		cut.events = append(cut.events, e)
	}
	cut.events = append(cut.events, at("the end", end+1, end+1, func(o object) bool {
		o.(*ending).over = true
		return true
	}))
	return cut
}

// ending is an object to which nothing happens any more once it is over.
type ending struct {
	object
	over bool
}

func (e *ending) clone() object { return &ending{e.object.clone(), e.over} }

func (e *ending) String() string {
	if e.over {
		return "over"
	}
	return e.object.String()
}

func unlessOver(do func(object) bool) func(object) bool {
	return func(o object) bool {
		e := o.(*ending)
		return e.over || do(e.object)
	}
}
