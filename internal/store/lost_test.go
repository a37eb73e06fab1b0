package store_test

import (
	"slices"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
)

// forced leaves traces of holds of a session that has its lease, and returns their keys.
func (e *etcd) forced(t *testing.T, s *store.Store, lease clientv3.LeaseID, names ...keys.Name) (traces []string) {
	t.Helper()
	for _, n := range names {
		key := e.space.Forced(int64(lease), n, 1)
		if _, err := e.Put(t.Context(), key, "{}", clientv3.WithLease(lease)); err != nil {
			t.Fatal(err)
		}
		e.fresh(t, s, "x")
		traces = append(traces, key)
	}
	return traces
}

func wantLost(t *testing.T, w *store.Wait, want []string) {
	t.Helper()
	if poked(w) != (len(want) > 0) {
		t.Errorf("poked %v, where %q is lost", len(want) == 0, want)
	}
	var got []string
	for _, i := range w.Lost() {
		got = append(got, i.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("lost: %q, want %q", got, want)
	}
}

func TestAWaitIsToldWhatTheSessionsThatItFollowsLose(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	var leases []clientv3.LeaseID
	for range 2 {
		l, err := e.Grant(t.Context(), 60)
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l.ID)
	}
	early, late := s.Attend(), s.Attend()
	defer early.Stop()
	defer late.Stop()
	early.Follow(int64(leases[0]))
	first := e.forced(t, s, leases[0], "a")
	wantLost(t, early, first)
	wantLost(t, early, nil) // once
	e.forced(t, s, leases[1], "of another")
	wantLost(t, early, nil)
	late.Follow(int64(leases[0]))
	wantLost(t, late, first)
	both := e.forced(t, s, leases[0], "b", "c")
	wantLost(t, early, both)
	wantLost(t, late, both)
	early.Remove(e.space.Session(int64(leases[0])))
	wantLost(t, early, nil)
	last := e.forced(t, s, leases[0], "d")
	wantLost(t, early, nil)
	wantLost(t, late, last)
}
