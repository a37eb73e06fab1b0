package countdownlatch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/store"
)

var now = time.Unix(1_800_000_000, 0)

// The outcome of a set got lost, and others went on before it looks. It answers what is true, and a round that it has
// begun it does not begin again, nor does what comes late (S4).
func TestDoubt_ASetThatOthersOvertook(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct {
		before    func(*model)
		meanwhile func(*model)
		never     bool // what is answered where the lost transaction was not committed
	}{
		"nobody":           {nil, nil, true},
		"it was reached":   {nil, func(m *model) { m.finish(m.downCall("c")) }, true},
		"another round":    {nil, func(m *model) { m.finish(m.downCall("c")); m.set("s2", 1) }, false},
		"another was over": {nil, func(m *model) { m.finish(m.downCall("c")); m.round(2) }, true},
		"destroyed":        {func(m *model) { m.round(1) }, func(m *model) { m.destroy() }, true},
		"destroyed, and another's": {
			func(m *model) { m.round(1) },
			func(m *model) { m.destroy(); m.set("s2", 1) },
			false,
		},
		"the next round is another's": {
			func(m *model) { m.round(1) },
			func(m *model) { m.finish(m.downCall("c")); m.set("s2", 1) },
			false,
		},
		"the next round is over, and another's": {
			func(m *model) { m.round(1) },
			func(m *model) { m.finish(m.downCall("c")); m.round(2) },
			true,
		},
	} {
		for _, committed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, committed %v", says, committed), func(t *testing.T) {
				m := newModel(t)
				if c.before != nil {
					c.before(m)
				}
				s := m.setCall("s1", 1)
				late := m.commits(s)
				if committed {
					m.commit(late)
				}
				round := countdownlatch.Round(m.mirror.Revision())
				s.Looked(m.mirror.Revision())
				if c.meanwhile != nil {
					c.meanwhile(m)
				}
				m.finish(s)
				switch a, err := s.Answer(); {
				case err != nil:
					t.Fatal(err)
				case a.Set != (committed || c.never), committed && a.Round != round:
					t.Errorf("got %+v, and %d came before the others", a, round)
				}
				if m.mirror.Get("cp/latch/gate") != nil {
					m.destroy()
				}
				if m.commit(late); m.mirror.Get("cp/latch/gate") != nil {
					t.Error("it came late, and set the latch anew")
				}
			})
		}
	}
}

// A transaction of unknown outcome, on condition that there is no latch, is still on its way when another attempt of the
// request has set it. It sets nothing any more, also when the latch is destroyed.
func TestDoubt_ASetThatIsAnsweredSetsNothingLater(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	s := m.setCall("s1", 1)
	late := m.commits(s)
	round := m.set("s1", 1) // the other attempt
	s.Looked(m.mirror.Revision())
	m.finish(s)
	if a, err := s.Answer(); err != nil || a != (countdownlatch.SetAnswer{Set: true, Round: round}) {
		t.Errorf("got %+v, %v", a, err)
	}
	m.destroy()
	if m.commit(late); m.mirror.Get("cp/latch/gate") != nil {
		t.Error("it came late, and set the latch anew")
	}
}

// The outcome of an arrival got lost, and rounds went by before it looks: it counts once, or says that it can't tell.
func TestDoubt_AnArrivalThatRoundsOvertook(t *testing.T) {
	t.Parallel()
	for committed, want := range map[bool][]string{
		true:  {"2 of the next", "unavailable", "unavailable"},
		false: {"1 of the next", "unavailable", "unavailable"},
	} {
		for rounds := range want {
			t.Run(fmt.Sprintf("%d, committed %v", rounds+1, committed), func(t *testing.T) {
				m := newModel(t)
				first := m.set("s1", 2)
				c := m.downCall("c1")
				m.lose(c, committed)
				m.finish(m.downCall("c2"))
				m.finish(m.downCall("c3"))
				for n := range rounds {
					m.round(n)
				}
				next := m.set("next", 2)
				m.finish(c)
				a, err := c.Answer()
				got := fmt.Sprintf("%d of the next", a.Remaining)
				switch {
				case errors.Is(err, store.ErrUnavailable):
					got = "unavailable"
				case err != nil || a.Round != next:
					t.Fatalf("got %+v, %v; the first round is %d, the last %d", a, err, first, next)
				}
				if got != want[rounds] {
					t.Errorf("got %s, want %s", got, want[rounds])
				}
			})
		}
	}
}

// The same where the round was named: it is over, and that is no error.
func TestDoubt_AnArrivalInANamedRoundIsNeverInAnother(t *testing.T) {
	t.Parallel()
	for _, committed := range []bool{true, false} {
		for _, meanwhile := range []func(*model){
			func(m *model) { m.round(2) },
			func(m *model) { m.round(2); m.round(3); m.set("s4", 3) },
			func(m *model) { m.destroy() },
			func(m *model) { m.destroy(); m.set("s2", 3) },
		} {
			m := newModel(t)
			c := m.downIn("c1", m.set("s1", 2))
			m.lose(c, committed)
			m.finish(m.downCall("c2"))
			m.finish(m.downCall("c3"))
			meanwhile(m)
			before := m.mirror.Revision()
			m.finish(c)
			if a, err := c.Answer(); err != nil || m.mirror.Revision() != before {
				t.Errorf("committed %v: got %+v, %v, and wrote: %v", committed, a, err, m.mirror.Revision() != before)
			}
		}
	}
}

// It was there, an arrival answers, whatever happened between its commit and its own look.
func TestDoubt_AnArrivalThatIsKnownIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.set("s1", 1)
	c := m.downCall("c1")
	c.Committed(m.commit(m.commits(c)))
	m.round(2)
	m.round(3)
	next := m.set("s4", 2)
	before := m.mirror.Revision()
	m.finish(c)
	want := countdownlatch.CountDownAnswer{Remaining: 2, Round: next}
	if a, err := c.Answer(); err != nil || a != want || m.mirror.Revision() != before {
		t.Errorf("got %+v, %v; want %+v and nothing written", a, err, want)
	}
}

// The outcome of a destroy got lost: what was set meanwhile stays.
func TestDoubt_ADestroyTakesNothingThatIsNewer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.set("s1", 1)
	c := countdownlatch.NewDestroyCall(m.space, "gate")
	m.lose(c, true)
	round := m.set("s2", 2)
	m.finish(m.downCall("c"))
	m.finish(c)
	if gone, err := c.Answer(); err != nil || !gone {
		t.Errorf("got %v, %v", gone, err)
	}
	if n := m.mirror.View().Arrivals("cp/latch/gate/", int64(round)); n != 1 || m.mirror.Get("cp/latch/gate") == nil {
		t.Error("it took what is newer")
	}
}

// Of two that destroy a latch at once one has done so, and what is set meanwhile stays.
func TestDoubt_OfTwoThatDestroyOneIsToldSo(t *testing.T) {
	t.Parallel()
	for says, meanwhile := range map[string]func(*model){
		"it is gone":       func(*model) {},
		"it is there anew": func(m *model) { m.set("s2", 2) },
	} {
		t.Run(says, func(t *testing.T) {
			m := newModel(t)
			m.set("s1", 1)
			second := countdownlatch.NewDestroyCall(m.space, "gate")
			late := m.commits(second)
			m.destroy()
			meanwhile(m)
			before := m.mirror.Revision()
			second.Committed(m.commit(late))
			m.finish(second)
			if gone, err := second.Answer(); err != nil || gone || m.mirror.Revision() != before {
				t.Errorf("the second one got %v, %v, and wrote: %v", gone, err, m.mirror.Revision() != before)
			}
		})
	}
}
