package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// R1: a rebuilt mirror is as it was before, and as one that saw it all.
func TestAMirrorWhoseHistoryWasCompactedIsReadAnew(t *testing.T) {
	t.Parallel()
	e, w, h := on(t, ownMember(t)), &heldWatch{}, &heldReads{}
	e.put(t, "lock/a/1", "holds")
	e.put(t, "lock/a/2", "waits")
	e.put(t, "stays", "as it was")
	w.close()
	s := e.open(t, w.on, h.on)
	wait := s.Attend(e.key("lock/a/2"))
	defer wait.Stop()
	other := s.Attend(e.key("stays"))
	defer other.Stop()

	e.del(t, "lock/a/1")
	rev := e.put(t, "new", "1")
	if _, err := e.Compact(t.Context(), int64(rev)); err != nil {
		t.Fatal(err)
	}
	h.before.close()
	w.open() // and the watch asks for revisions that are gone
	eventually(t, "not following etcd", func() bool { return s.Ready() != nil })
	notFollowing(t, e, s)
	barrier := lookFresh(t.Context(), s)
	h.before.open()

	if err := receive(t, barrier, "answer of the barrier"); err != nil {
		t.Error(err)
	}
	receive(t, wait.News(), "news for the next in line")
	select {
	case <-other.News():
		t.Error("news of what stayed as it was")
	default:
	}
	s.Look(func(v mirror.View) {
		if e.value(v, "new") != "1" || e.value(v, "lock/a/1") != "" || v.Line(e.key("lock/a/")).Head() != v.Get(e.key("lock/a/2")) {
			t.Errorf("at revision %d the mirror misses what happened", v.Revision())
		}
	})
	eventually(t, "following etcd again", func() bool { return s.Ready() == nil })
	e.put(t, "new", "2")
	if got := e.fresh(t, s, "new"); got != "2" {
		t.Errorf("new is %q: the rebuilt mirror does not follow", got)
	}
}

// notFollowing wants what a store says while its mirror is late: calls are refused, and looks show the old.
func notFollowing(t *testing.T, e *etcd, s *store.Store) {
	t.Helper()
	if err := s.Ready(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ready: %v", err)
	}
	c := &call{next: func(mirror.View) kv.Step { return kv.Done }}
	if err := s.Run(t.Context(), c, nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Run: %v", err)
	}
	s.Look(func(v mirror.View) {
		if e.value(v, "lock/a/1") != "holds" {
			t.Error("the old mirror no longer answers")
		}
	})
}

func TestAWatchThatEndsForNoReasonIsFollowedByAReadingAnew(t *testing.T) {
	t.Parallel()
	e, w, h := on(t, shared), &heldWatch{}, &heldReads{}
	s := e.open(t, w.on, h.on)
	e.put(t, "x", "1")
	if got := e.fresh(t, s, "x"); got != "1" {
		t.Fatalf("x is %q", got)
	}
	h.before.close()
	w.lose()
	eventually(t, "not following etcd", func() bool { return s.Ready() != nil })
	if err := s.Ready(); !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "%!") {
		t.Errorf("Ready: %v", err)
	}
	e.put(t, "x", "2")
	h.before.open()
	if got := e.fresh(t, s, "x"); got != "2" {
		t.Errorf("x is %q", got)
	}
	if err := s.Ready(); err != nil {
		t.Error(err)
	}
}

// A watch that is far behind gets a thousand revisions at a time, each time under the newest revision of all. The
// mirror must not take itself to be there before it has what leads there.
func TestAMirrorThatCatchesUpDoesNotRunAheadOfWhatItHas(t *testing.T) {
	t.Parallel()
	e, w := on(t, shared), &heldWatch{}
	w.close()
	s := e.open(t, w.on)
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			for range 60 {
				e.put(t, fmt.Sprint("before", n), "1")
			}
		})
	}
	wg.Wait()
	last := e.put(t, "x", "1")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if got := e.fresh(t, s, "x"); got != "1" {
			t.Errorf("x is %q in a look that began after it was put in revision %d", got, last)
		}
	}()
	w.open()
	receive(t, done, "fresh look")
}

func TestAWholeOfManyPagesIsRead(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	const n = 10_003 // the page is 10,000
	for from := 0; from < n; from += 1000 {
		txn := kv.Txn{}
		for i := from; i < min(n, from+1000); i++ {
			txn.Then = append(txn.Then, kv.Put(e.key(fmt.Sprintf("k%05d", i)), []byte{'x'}, 0))
		}
		commit(t, e, txn)
	}
	got := 0
	e.open(t).Look(func(v mirror.View) {
		v.Scan(e.space.Prefix(), "", func(*kv.Item) bool { got++; return true })
	})
	if got != n {
		t.Errorf("%d keys, want %d", got, n)
	}
}

// commit commits t through a store that is opened only for it.
func commit(t *testing.T, e *etcd, txn kv.Txn) {
	t.Helper()
	s := e.open(t)
	defer s.Close()
	if r, err := s.Commit(txn); err != nil || !r.Succeeded {
		t.Fatal(r, err)
	}
}

func TestAStoreDoesNotOpenOnAStoppedMember(t *testing.T) {
	t.Parallel()
	m := ownMember(t)
	e := on(t, m)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	begin := time.Now()
	_, err := store.Open(ctx, store.Config{Client: e.Client, Space: e.space})
	if !errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}
