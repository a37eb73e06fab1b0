package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// rests is a call that rests once for the sake of an item, and is done then.
func rests(e *etcd, while *kv.Item, d time.Duration) *call {
	return &call{
		keys: []string{e.key("mine")},
		next: steps(kv.Step{Rest: &kv.Rest{While: while, For: d}}, kv.Done),
	}
}

// pause puts the item that others rest for.
func (e *etcd) pause(t *testing.T, s *store.Store) *kv.Item {
	t.Helper()
	e.put(t, "record", "pause")
	return e.item(t, s, "record")
}

func TestARestEndsWithAnythingNewOfItsItemOrOfTheCallsOwnKeys(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(t *testing.T, e *etcd){
		"the item written to":     func(t *testing.T, e *etcd) { e.put(t, "record", "on") },
		"the item deleted":        func(t *testing.T, e *etcd) { e.del(t, "record") },
		"news of the call's keys": func(t *testing.T, e *etcd) { e.put(t, "mine", "1") },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			e := on(t, shared)
			s := e.open(t)
			c := rests(e, e.pause(t, s), time.Hour)
			done := run(t.Context(), s, c, nil)
			eventually(t, "the rest", func() bool { return c.asked() == 1 })
			e.put(t, "records", "1") // neither
			e.put(t, "record/x", "1")
			e.fresh(t, s, "record/x")
			time.Sleep(5 * time.Millisecond)
			if c.asked() != 1 {
				t.Error("it ended for nothing")
			}
			end(t, e)
			if err := receive(t, done, "end"); err != nil || len(c.told()) != 0 {
				t.Errorf("told %v, %v", c.told(), err)
			}
		})
	}
}

func TestACallThatHasRestedForAsLongAsItWantedToIsToldSo(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	for _, d := range []time.Duration{0, 30 * time.Millisecond} {
		c := rests(e, e.pause(t, s), d)
		begin := time.Now()
		if err := receive(t, run(t.Context(), s, c, nil), "end"); err != nil {
			t.Error(err)
		}
		if told := c.told(); len(told) != 1 || told[0].Signal != kv.Rested || told[0].at.Sub(begin) < d {
			t.Errorf("rested for %v of %v, told %v", time.Since(begin), d, told)
		}
	}
}

func TestATimeoutEndsARest(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	c, timeout := rests(e, e.pause(t, s), time.Hour), 30*time.Millisecond
	if err := receive(t, run(t.Context(), s, c, &timeout), "end"); err != nil {
		t.Error(err)
	}
	if told := c.told(); len(told) != 1 || told[0].Signal != kv.TimedOut {
		t.Errorf("told %v", told)
	}
}

func TestARestEndsWithItsCallerAndWithTheStore(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	ctx, leave := context.WithCancel(t.Context())
	record := e.pause(t, s)
	leaves, stays := rests(e, record, time.Hour), rests(e, record, time.Hour)
	left := run(ctx, s, leaves, nil)
	eventually(t, "the rest", func() bool { return leaves.asked() == 1 })
	leave()
	if err := receive(t, left, "end by leaving"); !errors.Is(err, context.Canceled) || leaves.asked() != 1 {
		t.Errorf("asked %d times, %v", leaves.asked(), err)
	}
	closed := run(t.Context(), s, stays, nil)
	eventually(t, "the rest", func() bool { return stays.asked() == 1 })
	s.Close()
	if err := receive(t, closed, "end with the store"); !errors.Is(err, store.ErrUnavailable) {
		t.Error(err)
	}
}

// What a call saw may have changed before its rest begins: nobody would tell it then.
func TestAPauseThatIsLiftedBeforeTheRestBeginsIsNoticed(t *testing.T) {
	t.Parallel()
	for what, lift := range map[string]func(t *testing.T, e *etcd){
		"written to":           func(t *testing.T, e *etcd) { e.put(t, "record", "on") },
		"deleted":              func(t *testing.T, e *etcd) { e.del(t, "record") },
		"deleted and put anew": func(t *testing.T, e *etcd) { e.del(t, "record"); e.put(t, "record", "pause") },
	} {
		e := on(t, shared)
		s := e.open(t)
		while := e.pause(t, s)
		lift(t, e)
		e.fresh(t, s, "record")
		c := rests(e, while, time.Hour)
		if err := receive(t, run(t.Context(), s, c, nil), "end"); err != nil || len(c.told()) != 0 {
			t.Errorf("%s: told %v, %v", what, c.told(), err)
		}
	}
}

// Nor does it matter when it is lifted: each time a rest begins while the item changes.
func TestNoRestOutlivesItsPause(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	for range 60 {
		e.pause(t, s)
		lifted := make(chan struct{})
		c := &call{keys: []string{e.key("mine")}}
		c.next = func(v mirror.View) kv.Step {
			if e.value(v, "record") != "pause" {
				return kv.Done
			}
			if c.nexts == 1 {
				close(lifted)
			}
			return kv.Step{Rest: &kv.Rest{While: v.Get(e.key("record")), For: time.Hour}}
		}
		done := run(t.Context(), s, c, nil)
		receive(t, lifted, "look")
		e.put(t, "record", "on")
		if err := receive(t, done, "end"); err != nil {
			t.Fatal(err)
		}
	}
}
