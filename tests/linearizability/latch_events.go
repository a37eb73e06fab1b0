package linearizability

import (
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// latchEvents are what a call did to its latch; nil when the call is not about latches.
func latchEvents(c call) []event {
	switch q := c.request.(type) {
	case *cpgatev1.TrySetCountRequest:
		return setting(c, q)
	case *cpgatev1.CountDownRequest:
		return arriving(c, q)
	case *cpgatev1.AwaitRequest:
		return awaiting(c)
	case *cpgatev1.GetLatchRequest:
		return gettingLatch(c)
	case *cpgatev1.DestroyLatchRequest:
		return destroyingLatch(c)
	}
	return nil
}

// onLatch is an event that changes a latch.
func onLatch(what string, from, to int64, do func(*latch) bool) event {
	return at(what, from, to, func(o object) bool { return do(o.(*latch)) })
}

func setting(c call, q *cpgatev1.TrySetCountRequest) []event {
	what := fmt.Sprintf("set %d", q.GetCount())
	if !c.known {
		return []event{onLatch("perhaps: "+what, c.from, c.to, func(l *latch) bool { l.set(int(q.GetCount())); return true })}
	}
	if c.reason != "" {
		return never(c, what)
	}
	a := c.answer.(*cpgatev1.TrySetCountResponse)
	what = fmt.Sprintf("%s -> %v, round %d", what, a.GetSet(), a.GetRound())
	return []event{onLatch(what, c.from, c.to, func(l *latch) bool {
		if a.GetSet() {
			return l.set(int(q.GetCount())) && l.see(a.GetRound())
		}
		return l.remaining > 0 && l.see(a.GetRound())
	})}
}

func arriving(c call, q *cpgatev1.CountDownRequest) []event {
	what := fmt.Sprintf("count down %s in %d", q.GetRequestId(), q.GetRound())
	// arrive reports false for a round that was not reached yet.
	arrive := func(l *latch) bool {
		switch round := q.GetRound(); {
		case round == 0, l.round == untold && l.see(round):
			l.arrive()
		case l.round == round:
			l.arrive()
		case l.round != 0 && round > l.round: // one not set has no rounds to tell
			return false
		}
		return true
	}
	perhaps := onLatch("perhaps: "+what, c.from, c.to, func(l *latch) bool { arrive(l); return true })
	switch {
	case !c.known:
		return []event{perhaps}
	case c.reason == "INVALID_ARGUMENT":
		return []event{onLatch(what+" -> not reached", c.from, c.to, func(l *latch) bool {
			return l.round < q.GetRound()
		})}
	case c.reason != "":
		return never(c, what)
	}
	a := c.answer.(*cpgatev1.CountDownResponse)
	// What it saw, it saw right after: others may have arrived before that.
	all := chain(q.GetRequestId(), onLatch(what, c.from, c.to, arrive),
		remaining(what, c, int(a.GetRemaining()), a.GetRound()))
	if c.attempts > 1 && q.GetRound() == 0 {
		perhaps.to = forever
		all = append(all, perhaps) // an earlier attempt in one round, a later one two rounds after it
	}
	return all
}

// remaining is the event that somebody saw what remained of a round.
func remaining(what string, c call, n int, round int64) event {
	return onLatch(fmt.Sprintf("%s -> %d remaining in round %d", what, n, round), c.from, c.to, func(l *latch) bool {
		return l.remaining == n && l.see(round)
	})
}

func awaiting(c call) []event {
	id := fmt.Sprint("await ", c.from)
	if !c.known {
		return nil // it changed nothing
	}
	switch c.reason {
	case "":
		a := c.answer.(*cpgatev1.AwaitResponse)
		if a.GetCompleted() != (a.GetRemaining() == 0) {
			c.reason = fmt.Sprintf("completed %v, %d remaining", a.GetCompleted(), a.GetRemaining())
			return never(c, id)
		}
		return []event{remaining("await", c, int(a.GetRemaining()), a.GetRound())}
	case "DESTROYED":
		return chain(id,
			onLatch(id, c.from, c.to, func(l *latch) bool { l.await(id); return true }),
			onLatch(id+" -> destroyed", c.from, c.to, func(l *latch) bool { return l.destroyed.has(id) }))
	}
	return never(c, id)
}

func gettingLatch(c call) []event {
	if !c.known {
		return nil
	}
	if c.reason != "" {
		return never(c, "get")
	}
	a := c.answer.(*cpgatev1.GetLatchResponse).GetLatch()
	e := remaining("get", c, int(a.GetRemaining()), a.GetRound())
	saw := e.do
	e.do = func(o object) bool { return saw(o) && o.(*latch).count == int(a.GetCount()) }
	return []event{e}
}

func destroyingLatch(c call) []event {
	if !c.known {
		return []event{onLatch("perhaps: destroy", c.from, c.to, func(l *latch) bool { l.destroy(); return true })}
	}
	if c.reason != "" {
		return never(c, "destroy")
	}
	if !c.answer.(*cpgatev1.DestroyLatchResponse).GetDestroyed() {
		return []event{onLatch("destroy -> false", c.from, c.to, func(l *latch) bool { return l.round == 0 })}
	}
	// It was there, and is not any more: of several that destroy it at the same time more than one may be told so.
	id := fmt.Sprint("destroy ", c.from)
	return chain(id, onLatch(id, c.from, c.to, func(l *latch) bool {
		l.doomed = l.doomed.with(id)
		return l.round != 0
	}), onLatch(id+" -> true", c.from, c.to, func(l *latch) bool {
		if l.doomed.has(id) {
			l.destroy()
		}
		return true
	}))
}
