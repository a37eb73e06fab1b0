package countdownlatch_test

import (
	"fmt"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/countdownlatch"
)

// arrivals puts so many arrivals in a round, as etcdctl would.
func (w *world) arrivals(r countdownlatch.Round, name string, n int) {
	w.t.Helper()
	var ops []clientv3.Op
	for i := range n {
		ops = append(ops, clientv3.OpPut(fmt.Sprintf("%slatch/gate/%d/%s%d", w.prefix, r, name, i), ""))
		if len(ops) == 5000 || i == n-1 {
			if _, err := w.etcd.Txn(w.t.Context()).Then(ops...).Commit(); err != nil {
				w.t.Fatal(err)
			}
			ops = nil
		}
	}
}

// rounds returns how many arrivals of the latch etcd has, by round.
func (w *world) rounds(latch string) map[string]int {
	w.t.Helper()
	all := map[string]int{}
	for _, key := range w.left() {
		if parts := strings.Split(key, "/"); len(parts) > 2 && parts[1] == latch {
			all[parts[2]]++
		}
	}
	return all
}

// Whoever begins a round deletes what is older than the last one, however much it is, a hundred keys at a time.
func TestClean_OnlyThisAndTheLastRoundStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	const count = 3500
	var rounds []countdownlatch.Round
	for n := range 4 {
		rounds = append(rounds, g.set("gate", count, fmt.Sprintf("s%d", n)))
		w.arrivals(rounds[n], "c", count)
		want := map[string]int{fmt.Sprint(rounds[n]): count}
		if n > 0 {
			want[fmt.Sprint(rounds[n-1])] = count
		}
		if got := w.rounds("gate"); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("after round %d of %v there are %v", n, rounds, got)
		}
		if s, err := g.Get(t.Context(), "gate"); err != nil || s.Remaining != 0 {
			t.Fatalf("got %+v, %v", s, err)
		}
	}
	if n := g.lossy.largest.Load(); n > 1000 {
		t.Errorf("a transaction of %d operations", n)
	}
	if gone, err := g.Destroy(t.Context(), "gate"); err != nil || !gone || len(w.left()) > 0 {
		t.Errorf("destroying got %v, %v, and left %d keys", gone, err, len(w.left()))
	}
}

// The one who should have cleaned is dead: the next one does, and nobody relied on it.
func TestClean_WhatOneLeftBehindTheNextOneDeletes(t *testing.T) {
	t.Parallel()
	for says, next := range map[string]func(g *gateway) map[string]int{
		"set": func(g *gateway) map[string]int {
			g.set("gate", 1, "s2")
			return map[string]int{}
		},
		"destroy": func(g *gateway) map[string]int {
			if gone, err := g.Destroy(g.w.t.Context(), "gate"); err != nil || gone {
				g.w.t.Fatalf("got %v, %v", gone, err)
			}
			return map[string]int{}
		},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			g := w.gateway()
			w.arrivals(g.set("gate", 10, "s1"), "c", 7)
			w.remove("latch/gate") // as a destroy does that died right then
			w.arrivals(9, "c", 1200)
			if s, err := g.Get(t.Context(), "gate"); err != nil || s != (countdownlatch.State{Name: "gate"}) {
				t.Errorf("a latch that is gone is %+v, %v", s, err)
			}
			if page, next, err := g.List(t.Context(), "", 10); err != nil || len(page) > 0 || next != "" {
				t.Errorf("listed %+v, %q, %v", page, next, err)
			}
			if want, got := next(g), w.rounds("gate"); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("left %v, want %v", got, want)
			}
		})
	}
}

// A round that is on, and the last one, keep their arrivals whoever cleans, also of a view of the past.
func TestClean_ALateDestroyLeavesWhatIsNewer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.set("s1", 3)
	m.finish(m.downCall("c1"))
	late := countdownlatch.NewDestroyCall(m.space, "gate")
	late.Committed(m.commit(m.commits(late)))
	clean := m.commits(late) // on its way
	round := m.set("s2", 1)
	m.finish(m.downCall("c1"))
	m.round(3)
	last := m.set("s4", 2)
	m.finish(m.downCall("c4"))
	late.Committed(m.commit(clean))
	m.finish(late)
	v := m.mirror.View()
	const group = "cp/latch/gate/"
	if v.Arrivals(group, int64(round)) != 0 || v.Arrivals(group, int64(last)) != 1 {
		t.Errorf("of round %d there are %d arrivals, of %d %d", round, v.Arrivals(group, int64(round)), last, v.Arrivals(group, int64(last)))
	}
}
