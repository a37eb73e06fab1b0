package session_test

import (
	"fmt"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/session"
)

// possessions are how many keys of which kind a session has, beside its marker.
type possessions struct {
	locks, semaphores, memos int
	detached                 int // memos that were written over without their lease
}

func (p possessions) view() mirror.View {
	const id = 0x7a
	space := keys.NewSpace("cp/")
	var events []kv.Event
	put := func(key string, lease kv.LeaseID) {
		events = append(events, kv.Event{Key: key, Item: &kv.Item{Key: key, Create: 1, Mod: 1, Lease: lease}})
	}
	put(space.Session(id), id)
	put(space.Session(0x7b), 0x7b) // another session has everything too
	for n := range p.locks {
		put(space.LockTicket(keys.Name(fmt.Sprint("l", n)), id, ""), id)
		put(space.LockTicket(keys.Name(fmt.Sprint("l", n)), 0x7b, ""), 0x7b)
	}
	for n := range p.semaphores {
		put(space.SemaphoreTicket("s", id, fmt.Sprint(n)), id)
	}
	for n := range p.memos {
		put([]string{
			space.LockMemo(id, "l", fmt.Sprint(n)), space.SemaphoreMemo(id, "s", fmt.Sprint(n)), space.Forced(id, "l", int64(n)),
		}[n%3], id)
	}
	for n := range p.detached {
		put(space.LockMemo(id, "detached", fmt.Sprint(n)), 0)
	}
	m := mirror.New(space)
	m.Fold(1, events)
	return m.View()
}

func TestASessionIsFullWithAThousandTicketsOfWhateverKind(t *testing.T) {
	for _, c := range []struct {
		has    possessions
		full   bool
		nearly bool // full, as far as a late view can tell
	}{
		{possessions{}, false, false},
		{possessions{locks: 899}, false, false}, // the marker counts here
		{possessions{locks: 900}, false, true},
		{possessions{locks: 450, semaphores: 450}, false, true},
		{possessions{locks: 999}, false, true},
		{possessions{locks: 1000}, true, true},
		{possessions{locks: 1001}, true, true},
		{possessions{semaphores: 999}, false, true},
		{possessions{semaphores: 1000}, true, true},
		{possessions{locks: 500, semaphores: 499}, false, true},
		{possessions{locks: 500, semaphores: 500}, true, true},

		{possessions{memos: 100}, false, false},
		{possessions{locks: 999, memos: 1}, false, true},
		{possessions{locks: 999, memos: 300}, false, true},
		{possessions{locks: 1000, memos: 300}, true, true},
		{possessions{memos: 1500}, false, true},
		{possessions{locks: 900, memos: 300}, false, true},

		{possessions{locks: 899, detached: 300}, false, false},
		{possessions{locks: 999, memos: 10, detached: 300}, false, true},
		{possessions{locks: 1000, detached: 300}, true, true},
	} {
		v := c.has.view()
		if got := session.Full(v, 0x7a); got != c.full {
			t.Errorf("%+v: full %v, want %v", c.has, got, c.full)
		}
		if got := session.NearlyFull(v, 0x7a); got != c.nearly {
			t.Errorf("%+v: nearly full %v, want %v", c.has, got, c.nearly)
		}
	}
}

func TestASessionThatIsGoneIsNotFull(t *testing.T) {
	v := possessions{locks: 1000}.view()
	if session.Full(v, 0x7c) || session.NearlyFull(v, 0x7c) {
		t.Error("a session that has nothing is full")
	}
}
