package store_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// Not parallel: it looks for what runs.
func TestCloseEndsAllThatWaitsAndLeavesNothingRunning(t *testing.T) {
	e, w, h := on(t, shared), &heldWatch{}, &heldReads{}
	w.close()
	s := e.open(t, w.on, h.on)
	e.put(t, "x", "1") // which the mirror does not see
	ctx, leave := context.WithCancel(t.Context())
	left := waits(e, true)
	gone := run(ctx, s, left, nil)
	waiting := []*call{waits(e, true), {next: steps(kv.Barrier)}, {next: steps(kv.See(1 << 60))}, left}
	reads := h.after.count()
	ends := []<-chan error{lookFresh(t.Context(), s)}
	for _, c := range waiting[:3] {
		ends = append(ends, run(t.Context(), s, c, nil))
	}
	eventually(t, "all wait", func() bool {
		return !slices.ContainsFunc(waiting, func(c *call) bool { return c.asked() == 0 }) && h.after.count() > reads
	})
	leave()
	receive(t, gone, "end of the caller who left")
	s.Close()
	for _, c := range ends {
		if err := receive(t, c, "end"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("ended with %v", err)
		}
	}
	w.open()
	for _, c := range waiting {
		for _, s := range c.told() {
			if s.Signal == kv.GraceOver {
				t.Error("what waits in line did not stay for a retry through another gateway")
			}
		}
	}
	eventually(t, "nothing of the store runs", func() bool { return running() == 0 })
}

// running counts the goroutines in which the store has a part.
func running() int {
	all := make([]byte, 1<<22)
	all = all[:runtime.Stack(all, true)]
	n := 0
	for _, g := range strings.Split(string(all), "\n\n") {
		if strings.Contains(g, "cpgate/internal/store.") {
			n++
		}
	}
	return n
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	if err := s.Ready(); err != nil {
		t.Error(err)
	}
	s.Close()
	s.Close()
	unavailable(t, s)
	if err := s.Ready(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ready: %v", err)
	}
}

func TestAStoppedMemberIsUnavailable(t *testing.T) {
	t.Parallel()
	m := ownMember(t)
	e := on(t, m)
	s := e.open(t)
	c := waits(e, true)
	done := run(t.Context(), s, c, nil)
	eventually(t, "a call that waits", func() bool { return c.asked() == 1 })
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	unavailable(t, s)
	s.Close()
	if err := receive(t, done, "end of the wait"); !errors.Is(err, store.ErrUnavailable) {
		t.Error(err)
	}
}

// unavailable wants every way to use the store to say so.
func unavailable(t *testing.T, s *store.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	put := kv.Txn{Then: []kv.Op{kv.Put(s.Space.Prefix()+"x", nil, 0)}}
	_, commit := s.Commit(put)
	_, barrier := s.Barrier(ctx)
	for what, err := range map[string]error{
		"Commit": commit, "Barrier": barrier,
		"LookFresh":  s.LookFresh(ctx, func(mirror.View) { t.Error("a look") }),
		"Run, put":   s.Run(ctx, &call{next: steps(kv.Commit(put))}, nil),
		"Run, look":  s.Run(ctx, &call{next: steps(kv.Barrier)}, nil),
		"Run, loose": s.Run(ctx, &call{loose: true, next: func(mirror.View) kv.Step { return kv.Barrier }}, nil),
	} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
