package semaphore_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// number reads a number of permits; max is the largest there is.
func (s *script) number(text string) int64 {
	if rest, ok := strings.CutPrefix(text, "max"); ok {
		less, _ := strconv.Atoi(rest)
		return math.MaxInt32 + int64(less)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.t.Fatalf("no number of permits: %q", text)
	}
	return n
}

// show spells an answer, or the error.
func (s *script) show(err error, format string, args ...any) string {
	if err == nil {
		return fmt.Sprintf(format, args...)
	}
	for _, known := range []struct {
		err  error
		says string
	}{
		{session.ErrExpired, "expired"},
		{session.ErrTooManyTickets, "too many tickets"},
		{semaphore.ErrPermitsNotHeld, "not held"},
		{semaphore.ErrWaitCancelled, "wait cancelled"},
		{semaphore.ErrDestroyed, "destroyed"},
		{semaphore.ErrNotInitialized, "not initialized"},
		{semaphore.ErrOutOfRange, "out of range"},
		{store.ErrUnavailable, "unavailable"},
	} {
		if errors.Is(err, known.err) {
			return known.says
		}
	}
	if kind := new(semaphore.KindError); errors.As(err, &kind) {
		return map[bool]string{true: "is sessionless", false: "is session-aware"}[kind.Sessionless]
	}
	if damaged := new(keys.DamagedError); errors.As(err, &damaged) {
		return "damaged " + s.unspell(strings.TrimPrefix(damaged.Key, s.w.prefix))
	}
	return err.Error()
}

func (s *script) acquireAnswer(a semaphore.AcquireAnswer, err error) string {
	switch {
	case err == nil && a.Acquired && a.Available == 0 && a.Position == 0:
		return "acquired"
	case a.Position > 0:
		return s.show(err, "refused, %d at %d", a.Available, a.Position)
	}
	return s.show(err, "refused, %d", a.Available)
}

func (s *script) releaseAnswer(a semaphore.ReleaseAnswer, err error) string {
	if a.AlreadyReleased && a.Released == 0 {
		return s.show(err, "already released")
	}
	return s.show(err, "%d", a.Released)
}

func (s *script) state(st semaphore.State) string {
	all := s.summary(st)
	if len(st.Holders) != st.HolderCount || len(st.Waiters) != st.WaiterCount {
		s.t.Errorf("counted %d and %d: %+v", st.HolderCount, st.WaiterCount, st)
	}
	for _, h := range st.Holders {
		all += fmt.Sprintf(" %s:%d", s.name(semaphore.Caller{Session: h.Session}, h.Foreign), h.Permits)
	}
	if len(st.Waiters) > 0 {
		all += " |"
	}
	for n, w := range st.Waiters {
		if w.Position != n+1 {
			s.t.Errorf("waiter %d is at %d", n+1, w.Position)
		}
		all += fmt.Sprintf(" %s:%d", s.name(w.Caller, w.Foreign), w.Permits)
	}
	return all
}

// summary tells how many permits are available, and of how many.
func (s *script) summary(st semaphore.State) string {
	switch {
	case !st.Initialized && st.Available == 0 && st.Permits == 0:
		return "none"
	case st.Sessionless && st.Permits == 0:
		return fmt.Sprintf("%d sessionless", st.Available)
	}
	return fmt.Sprintf("%d/%d", st.Available, st.Permits)
}

func (s *script) name(c semaphore.Caller, foreign bool) string {
	switch {
	case foreign:
		return "foreign"
	case c.Session == 0:
		return strings.TrimSuffix("-."+c.Owner, ".")
	}
	for name, id := range s.sessions {
		if id == c.Session {
			return strings.TrimSuffix(name+"."+c.Owner, ".")
		}
	}
	return "unknown"
}

func (s *script) list(ctx context.Context, g *gateway) string {
	page, err := lately(g, func() ([]semaphore.State, error) {
		page, next, err := g.List(ctx, "", 10)
		if next != "" {
			s.t.Errorf("there is more behind %q", next)
		}
		return page, err
	})
	var all []string
	for _, st := range page {
		if len(st.Holders)+len(st.Waiters) > 0 {
			s.t.Errorf("listed with holders and waiters: %+v", st)
		}
		all = append(all, fmt.Sprintf("%s %s %d|%d", st.Name, s.summary(st), st.HolderCount, st.WaiterCount))
	}
	return s.show(err, "%s", strings.Join(all, ", "))
}

// unspell spells sessions by the names they have here.
func (s *script) unspell(text string) string {
	for name, id := range s.sessions {
		text = strings.ReplaceAll(text, id.String(), "$"+name)
	}
	return text
}

func (s *script) spell(text string) string {
	for name, id := range s.sessions {
		text = strings.ReplaceAll(text, "$"+name, id.String())
	}
	return text
}
