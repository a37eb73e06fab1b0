package linearizability

import (
	"fmt"
	"strings"
)

// claims are what every object knows of those who make calls.
type claims struct {
	dead   set // sessions
	stages set // how far each chain has come that is neither to begin nor at its end
	owed   int // events of ghosts that are over: nothing else is to come before them
}

func (c *claims) alive(session string) bool { return session == "" || !c.dead.has(session) }

func (c *claims) known() *claims { return c }

// ender is an object that sessions have a part in.
type ender interface {
	alive(session string) bool
	end(session string)
}

// chain makes the events of one call come in their order. Several that follow one another at once are as good as one,
// so this leaves out nothing, and spares the search all other orders.
func chain(id string, events ...event) []event {
	if len(events) < 2 {
		return events
	}
	for i := range events {
		do, before, after := events[i].do, stage(id, i-1), stage(id, i)
		first, last := i == 0, i == len(events)-1
		events[i].from = min(events[i].from+int64(i), events[i].to)
		events[i].do = func(o object) bool {
			c := o.known()
			if !first {
				if !c.stages.has(before) {
					return false
				}
				c.stages = c.stages.without(before)
			}
			if !last {
				c.stages = c.stages.with(after)
			}
			return do(o)
		}
	}
	return events
}

// stage is that of a chain behind its n-th event.
func stage(id string, n int) string { return fmt.Sprint(id, "#", n) }

// ghost is what a request may have got that was never answered, or was answered otherwise later.
//
// That it had it makes a difference only if somebody saw it, so it is to be undone only behind that; and that it never
// had it is said no earlier than when the call is over. Without these two rules a search would have to try every
// moment at which a request may have come to nothing.
type ghost struct {
	id   string
	what string
	from int64
	to   int64
	// takes does what the request asks for, and reports whether that could be.
	takes  func(object) bool
	undoes func(object)
}

// How far a ghost has come: nothing is kept while it may still take something.
const (
	unseen = "?"
	seen   = "!"
	undone = "~"
	over   = "."  // it took nothing, and can't any more
	passed = ".." // so much was said of its taking
)

// events are those of the ghost before an end, which is an event of its own.
func (g ghost) events() []event {
	return []event{
		{what: "perhaps: " + g.what, from: g.from, to: g.to, do: g.take, ghost: true},
		{what: "undone: " + g.what, from: g.from + 1, to: g.to, do: g.undo, ghost: true},
	}
}

func (g ghost) take(o object) bool {
	c := o.known()
	if c.stages.has(g.id + over) {
		c.move(g.id, over, passed)
		c.owed--
		return true
	}
	if !g.takes(o) {
		return false
	}
	c.stages = c.stages.with(g.id + unseen)
	return true
}

func (g ghost) undo(o object) bool {
	c := o.known()
	if c.stages.has(g.id + passed) {
		c.move(g.id, passed, "")
		c.owed--
		return true
	}
	if !c.stages.has(g.id + seen) {
		return false
	}
	g.undoes(o)
	c.move(g.id, seen, undone)
	return true
}

// before makes an event the end of the ghost, which has nothing when it comes.
func (g ghost) before(end event) event {
	do := end.do
	end.do = func(o object) bool {
		c := o.known()
		switch {
		case c.stages.has(g.id + unseen), c.stages.has(g.id + seen):
			return false
		case c.stages.has(g.id + undone):
			c.move(g.id, undone, "")
		default:
			c.stages = c.stages.with(g.id + over)
			c.owed += len(g.events())
		}
		return do(o)
	}
	return end
}

// vanishes is the end of a ghost of which nothing more is known.
func (g ghost) vanishes() event {
	return g.before(at("over: "+g.what, g.to-1, g.to-1, func(object) bool { return true }))
}

func (c *claims) move(id, from, to string) {
	c.stages = c.stages.without(id + from)
	if to != "" {
		c.stages = c.stages.with(id + to)
	}
}

// confess makes seen what the ghost of a request has.
func (c *claims) confess(id string) {
	if c.stages.has(id + unseen) {
		c.move(id, unseen, seen)
	}
}

// witness makes all seen what ghosts have.
func (c *claims) witness() {
	for _, s := range c.stages {
		if id, ok := strings.CutSuffix(s, unseen); ok {
			c.move(id, unseen, seen)
		}
	}
}

// never is the event of an answer that no call may get.
func never(c call, what string) []event {
	return []event{at(what+" -> "+c.reason+", which is no answer to that", c.from, c.to, func(object) bool { return false })}
}
