package semaphore

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/session"
)

// Describe returns the semaphore as the view shows it. The error is a *keys.DamagedError.
func Describe(v mirror.View, n keys.Name) (State, error) {
	group := v.Space().SemaphoreLine(n)
	if record, _, ok := v.Semaphore(group); record != nil && !ok {
		return State{}, &keys.DamagedError{Key: record.Key}
	}
	return state(v, n, group, MaxShown), nil
}

// state describes a semaphore and up to most of its holders and waiters.
func state(v mirror.View, n keys.Name, group string, most int) State {
	record, r, _ := v.Semaphore(group)
	l := v.Line(group)
	s := State{Name: string(n), Initialized: record != nil, Sessionless: r.Sessionless}
	if !r.Sessionless {
		s.Permits = Permits(r.Permits)
	}
	s.Available = clamp(r.Permits - int64(l.Held()))
	s.Holders, s.HolderCount = holders(group, l, most)
	s.WaiterCount = l.Len() - l.Admitted()
	for i := range min(most, s.WaiterCount) {
		s.Waiters = append(s.Waiters, waiter(group, l.At(l.Admitted()+i), i+1))
	}
	return s
}

// holders returns up to most of those who hold, and how many there are: a session counts once.
func holders(group string, l *line.Line, most int) (all []Holder, count int) {
	place := map[session.ID]int{}
	for n := range l.Admitted() {
		id, t, foreign := value.ReadTicket(group, l.At(n))
		sid := session.ID(id)
		at, known := place[sid]
		if !known || foreign {
			at = count
			count++
			if !foreign {
				place[sid] = at
			}
			if at < most {
				all = append(all, Holder{Session: sid, Since: t.Since, Foreign: foreign, Key: l.At(n).Key})
			}
		}
		if at < most {
			all[at].Permits = clamp(int64(all[at].Permits) + t.Permits)
		}
	}
	return all, count
}

func waiter(group string, i *kv.Item, position int) Waiter {
	sid, t, foreign := value.ReadTicket(group, i)
	return Waiter{
		Caller: Caller{Session: session.ID(sid), Owner: t.Owner}, Permits: clamp(t.Permits), Since: t.Since,
		Position: position, Foreign: foreign, Key: i.Key,
	}
}

func list(v mirror.View, after string, limit int) (page []State, next string) {
	space := v.Space()
	if after != "" {
		after = space.SemaphoreLine(keys.Name(after))
	}
	v.Groups(space.Semaphores(), after, func(group string) bool {
		n, ok := keys.NameOf(space.Semaphores(), group)
		if !ok {
			return true // nobody can ask for a semaphore of that name
		}
		if len(page) == limit {
			next = page[limit-1].Name
			return false
		}
		page = append(page, state(v, n, group, 0))
		return true
	})
	return page, next
}
