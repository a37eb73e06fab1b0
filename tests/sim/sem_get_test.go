package sim

import (
	"fmt"
	"slices"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/progress"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// freshCall looks at what it is about through a barrier, as store.LookFresh does.
type freshCall[A any] struct {
	progress.Call
	key    string
	look   func(mirror.View) (A, error)
	answer A
	err    error
}

func (c *freshCall[A]) Keys() []string      { return []string{c.key} }
func (c *freshCall[A]) Answer() (A, error)  { return c.answer, c.err }
func (c *freshCall[A]) Committed(kv.Result) {}

func (c *freshCall[A]) Next(v mirror.View) kv.Step {
	if step, ok := c.Looks(v); !ok {
		return step
	}
	if !c.Fresh() {
		return kv.Barrier
	}
	c.answer, c.err = c.look(v)
	return c.End()
}

func getSemaphore(n keys.Name) *freshCall[semaphore.State] {
	return &freshCall[semaphore.State]{
		key: "cp/semaphore/" + string(n),
		look: func(v mirror.View) (semaphore.State, error) {
			return semaphore.Describe(v, n)
		},
	}
}

// differs says what a description gets wrong; nothing when it is right.
func (s semState) differs(d semaphore.State) string {
	limit := s.permits
	if s.sessionless {
		limit = 0
	}
	switch {
	case d.Initialized != s.there || d.Sessionless != s.sessionless || int64(d.Permits) != limit:
		return fmt.Sprintf("%+v, want a limit of %d", d, limit)
	case int64(d.Available) != s.available():
		return fmt.Sprintf("%d are available, want %d", d.Available, s.available())
	case d.WaiterCount != len(s.line)-s.admitted() || d.WaiterCount != len(d.Waiters):
		return fmt.Sprintf("%d wait, want %d", d.WaiterCount, len(s.line)-s.admitted())
	}
	for n, w := range d.Waiters {
		t := s.line[s.admitted()+n]
		if w.Key != t.key || int64(w.Permits) != t.permits || w.Position != n+1 || w.Caller.Session != t.sid {
			return fmt.Sprintf("%+v waits, want %+v", w, t)
		}
	}
	if want := s.holders(); !slices.EqualFunc(d.Holders, want, func(a, b semaphore.Holder) bool {
		return a.Session == b.Session && a.Permits == b.Permits && a.Key == b.Key
	}) {
		return fmt.Sprintf("%+v hold, want %+v", d.Holders, want)
	}
	return ""
}

// holders returns what each session holds, in the order of their oldest tickets.
func (s semState) holders() (all []semaphore.Holder) {
	place := map[session.ID]int{}
	for _, t := range s.line[:s.admitted()] {
		n, ok := place[t.sid]
		if !ok {
			n = len(all)
			place[t.sid] = n
			all = append(all, semaphore.Holder{Session: t.sid, Key: t.key})
		}
		all[n].Permits += semaphore.Permits(t.permits)
	}
	return all
}
