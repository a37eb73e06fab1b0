package session_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cpgate/cpgate/session"
)

func TestPagesOfSessionsAreAllOfThemInTheOrderOfTheirMarkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	var want []string
	for n := range 7 {
		want = append(want, w.open(k, fmt.Sprint(n), 60).ID.String())
	}
	slices.Sort(want)
	for _, junk := range []string{"", "0", "7A", "x", "7a/b", "zz", "ffffffffffffffff"} { // markers of no session
		w.put(w.space.Sessions()+junk, "{}", 0)
	}
	w.put(w.marker(0x7a), "{}", 0) // a damaged one
	for _, size := range []int{1, 2, 3, 6, 7, 8, 100} {
		var got []string
		pages := 0
		for after := ""; ; pages++ {
			page, next, err := k.List(t.Context(), "", after, size)
			if err != nil || len(page) > size {
				t.Fatal(len(page), err)
			}
			for _, s := range page {
				got = append(got, s.ID.String())
			}
			if after = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) || pages != (len(want)-1)/size {
			t.Errorf("pages of %d: %q, want %q", size, got, want)
		}
	}
}

func TestAPageBehindASessionThatIsGoneGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	var ids []session.ID
	for n := range 3 {
		ids = append(ids, w.open(k, fmt.Sprint(n), 60).ID)
	}
	slices.SortFunc(ids, func(a, b session.ID) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	_, next, err := k.List(t.Context(), "", "", 1)
	if err != nil || next != ids[0].String() {
		t.Fatal(next, err)
	}
	if _, err := k.Close(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	page, next, err := k.List(t.Context(), "", next, 5)
	if err != nil || next != "" || len(page) != 2 || page[0].ID != ids[1] || page[1].ID != ids[2] {
		t.Errorf("%+v, %q, %v", page, next, err)
	}
}

func TestOnlyHoldsAndWaitsCountAsTickets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k := w.keeper()
	id := w.open(k, "r", 60).ID
	for _, c := range []struct {
		what, key string
		lease     session.ID
		tickets   int
	}{
		{"a hold", w.space.LockTicket("a", int64(id), ""), id, 1},
		{"another", w.space.LockTicket("b", int64(id), "w"), id, 2},
		{"a memo", w.space.LockMemo(int64(id), "a", "r"), id, 2},
		{"a trace", w.space.Forced(int64(id), "a", 7), id, 2},
		{"a memo written over without its lease", w.space.LockMemo(int64(id), "a", "r"), 0, 2},
		{"a ticket written over without its lease", w.space.LockTicket("b", int64(id), "w"), 0, 1},
		{"the other one too", w.space.LockTicket("a", int64(id), ""), 0, 0},
		{"a memo that never had one", w.space.LockMemo(int64(id), "a", "r2"), 0, 0},
	} {
		w.put(c.key, "{}", c.lease)
		if s, err := k.Get(t.Context(), id); err != nil || s.Tickets != c.tickets {
			t.Errorf("%s: %d tickets, want %d, %v", c.what, s.Tickets, c.tickets, err)
		}
	}
}
