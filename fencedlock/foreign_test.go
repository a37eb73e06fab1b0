package fencedlock_test

import (
	"context"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/cpgate/cpgate/fencedlock"
)

// foreignKeys are what etcdctl, or another program, may put into the line of the lock.
var foreignKeys = map[string]struct{ key, value string }{
	"an empty value":          {"x", "''"},
	"broken JSON":             {"x", `{"holds":[`},
	"JSON without holds":      {"x", `{"since":"2026-01-01T00:00:00Z"}`},
	"JSON of another shape":   {"x", `{"holds":7}`},
	"a list":                  {"x", `[1,2]`},
	"no holds":                {"x", `{"holds":[]}`},
	"null":                    {"x", `null`},
	"a hold of nobody":        {"x", `{"holds":[null]}`},
	"a key two levels down":   {"x/y/z", "''"},
	"a key that ends so":      {"x/", "''"},
	"a key of slashes":        {"//", "''"},
	"an escape cut short":     {"7a.%2", "''"},
	"an escape of nothing":    {"%zz", "''"},
	"an escape not needed":    {"7a.%41", `{"holds":[{"request":"r"}]}`},
	"an owner of no letters":  {"7a.", `{"holds":[{"request":"r"}]}`},
	"upper case":              {"7A", `{"holds":[{"request":"r"}]}`},
	"bytes that are no text":  {"\xff\xfe", "\xff"},
	"a session not its own":   {"$b", `{"holds":[{"request":"r","by":"g.1"}]}`},
	"another owner's, unread": {"$b.x", "''"},
}

// "What etcdctl or other etcd clients put into a line is respected and shown as foreign"; "removing the key heals".
func TestForeign_TicketsCountAsOneHoldOfNobodyKnown(t *testing.T) {
	t.Parallel()
	for says, k := range foreignKeys {
		text := strings.NewReplacer("KEY", "lock/orders/"+k.key, "VALUE", k.value).Replace(`
			b close -> true
			- put KEY VALUE
			- line -> foreign f1 x1
			a lock r1 0s -> refused, foreign f1
			a@2 lock r2 10ms -> refused, foreign f1 at 1
			a lock r3 &
			a unlock u1 -> not holder
			- line -> foreign f1 x1 | a f2
			- put KEY VALUE
			- line -> foreign f1 x1 | a f2
			- del KEY
			a await r3 -> held 1 f2
			- put KEY VALUE
			c lock r4 &
			- line -> a f2 x1 | foreign f3 | c f4
			a unlock u2 -> 0
			- line -> foreign f3 x1 | c f4
			- force f2 -> nobody
			-@2 force f3 -> foreign f3
			c await r4 -> held 1 f4
			- put KEY VALUE lease=d
			c lock r5 -> held 2 f4
			d close -> true
			- line -> c f4 x2
			- put KEY VALUE
			- force -> c f4
			- force -> foreign f5
			- line -> free 0`)
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}

// "what they damage is named, never a crash"; "removing the key heals it".
func TestForeign_WhatIsDamagedIsNamedAndHeals(t *testing.T) {
	t.Parallel()
	for says, text := range map[string]string{
		"a waiting ticket written over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- put lock/orders/$b '' lease=b
			b await r2 -> damaged lock/orders/$b
			- line -> a f1 x1 | foreign f2
			b lock r3 0s -> refused, a f1
			b@2 lock r4 10ms -> refused, a f1
			b cancel r2 -> false
			b unlock u1 -> not holder
			- del lock/orders/$b
			b lock r5 &
			a unlock u2 -> 0
			b await r5 -> held 1 f3`,
		"a waiting ticket put again without its lease": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- put lock/orders/$b {"holds":[{"request":"r2","by":"x.1"}]}
			b await r2 -> damaged lock/orders/$b
			- line -> a f1 x1 | foreign f2
			b close -> true
			- line -> a f1 x1 | foreign f2
			- del lock/orders/$b
			- line -> a f1 x1`,
		"a waiting ticket put again with its lease, for nobody here": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- put lock/orders/$b {"holds":[{"request":"other","by":"x.1"}]} lease=b
			b await r2 -> wait cancelled
			- line -> a f1 x1 | b f2
			b lock r3 &
			a unlock u1 -> 0
			b await r3 -> held 1 f2`,
		"a waiting ticket put again with holds that make no sense": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- put lock/orders/$b {"holds":[{},{"request":"x"},null]} lease=b
			b await r2 -> wait cancelled
			b lock r3 &
			a unlock u1 -> 0
			b await r3 -> held 1 f2
			b unlock u2 -> 2
			b unlock u3 -> 1
			b unlock u4 -> 0`,
		"a waiting ticket deleted": `
			a lock r1 -> held 1 f1
			b lock r2 &
			c lock r3 &
			- del lock/orders/$b
			b await r2 -> unavailable
			b lock r2 & attempt=1
			- line -> a f1 x1 | c f2 | b f3`,
		"the holder's ticket written over": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- put lock/orders/$a {} lease=a
			- line -> foreign f1 x1 | b f2
			a unlock u1 -> not holder
			a unlock u2 f1 -> not holder
			a lock r1 0s -> refused, foreign f1
			a lock r3 &&
			- force f1 -> foreign f1
			b await r2 -> held 1 f2
			b unlock u3 -> 0
			a await r3 -> held 1 f3`,
		"a wait for one's own key, cancelled": `
			- put lock/orders/$a '' lease=a
			a lock r1 &&
			b lock r2 &
			a cancel r1 -> false
			a await r1 -> wait cancelled
			a lock r3 &&
			a close -> true
			a await r3 -> expired
			b await r2 -> held 1 f1`,
		"the holder's ticket put again without its lease": `
			a lock r1 -> held 1 f1
			- put lock/orders/$a {"holds":[{"request":"r1","by":"x.1"}]}
			- line -> foreign f1 x1
			a unlock u1 f1 -> not holder
			a close -> true
			- line -> foreign f1 x1
			- del lock/orders/$a
			- line -> free 0`,
		"the holder's ticket deleted": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- del lock/orders/$a
			b await r2 -> held 1 f2
			a unlock u1 -> not holder
			a unlock u2 f1 -> already released`,
		"a marker written over without its lease: the session is gone, with all it had": `
			a lock r1 -> held 1 f1
			a.x lock r2 &
			b lock r3 &
			a.y lock r4 &
			- put session/$a {}
			a await r2 -> expired
			a await r4 -> expired
			b await r3 -> held 1 f2
			a lock r5 -> expired
			a unlock u1 f1 -> expired
			a unlock u2 -> expired
			a cancel r1 -> expired
			a close -> false
			- line -> b f2 x1`,
		"a marker on the lease of another": `
			b lock r1 -> held 1 f1
			a lock r2 &
			- put session/$a {} lease=b
			a await r2 -> expired
			a lock r3 0s -> expired
			- line -> b f1 x1`,
		"a marker written over with its lease": `
			a lock r1 -> held 1 f1
			- put session/$a broken lease=a
			a lock r2 -> held 2 f1
			b lock r3 0s -> refused, a f1
			a unlock u1 -> 1
			a unlock u2 -> 0
			a close -> true`,
		"a marker deleted: the session is gone": `
			a lock r1 -> held 1 f1
			a.x lock r2 &
			- del session/$a
			a await r2 -> expired
			a lock r3 -> expired
			a unlock u1 f1 -> expired
			a unlock u2 -> expired
			a cancel r1 -> expired
			- force -> a f1
			- del lock/orders/$a.x
			- line -> free 0`,
		"keys beside the line": `
			- put lock/orders broken
			- put lock broken
			- put lock// broken
			- put lock//x broken
			- put session/ broken
			- put session/zz broken
			- put session/zz/x broken
			- put memo/x broken
			- put gateway/x/y broken
			- put / broken
			a lock r1 -> held 1 f1
			b lock r2 &
			- line -> a f1 x1 | b f2
			a unlock u1 -> 0
			b await r2 -> held 1 f2
			- del lock/orders
			- del lock
			- del lock//
			- del lock//x
			- del session/
			- del session/zz
			- del session/zz/x
			- del memo/x
			- del gateway/x/y
			- del /`,
		"a memo that nobody can read still says that the request is over": `
			a close -> true
			b lock r0 -> held 1 f1
			- put memo/$b/lock/orders/r1 broken lease=b
			b lock r1 -> wait cancelled
			- put memo/$b/forced/orders/7 broken lease=b
			- put memo/$b/x broken lease=b
			- force -> b f1
			b unlock u1 f1 -> ownership lost`,
		"a ticket that says the same twice, forced": `
			a lock r1 -> held 1 f1
			- put lock/orders/$a {"holds":[{"request":"x","retried":true},{"request":"x","retried":true}]} lease=a
			- force -> a f1
			a lock x -> wait cancelled
			- line -> free 0`,
		"a memo of a request that waits": `
			a lock r1 -> held 1 f1
			b lock r2 &
			- put memo/$b/lock/orders/r2 broken lease=b
			b@2 lock r2 attempt=1 -> wait cancelled
			a unlock u1 -> 0
			b await r2 -> held 1 f2`,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, 2, "", text)
		})
	}
}

// mutex is etcd's own, on the lease of a session of ours: its key is the one of the caller without an owner.
func (w *world) mutex(c fencedlock.Caller) *concurrency.Mutex {
	w.t.Helper()
	s, err := concurrency.NewSession(w.etcd, concurrency.WithLease(clientv3.LeaseID(c.Session)))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.Orphan)
	return concurrency.NewMutex(s, w.prefix+"lock/orders")
}

func TestForeign_MutexOnTheCallersOwnKeyIsRespected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a := g.caller("a")
	m := w.mutex(a)
	if err := m.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	try, err := g.Lock(t.Context(), lockOf(a, "r1", within(0)))
	if err != nil || try.Outcome != fencedlock.NotAcquired || !try.Holder.Foreign || try.Holder.Key != m.Key() {
		t.Fatalf("a try got %+v, %v", try, err)
	}
	wait := g.begin(lockOf(a, "r2", patient()))
	other := g.begin(lockOf(fencedlock.Caller{Session: a.Session, Owner: "x"}, "r3", patient()))
	w.inLine("orders", "r3")
	if err := m.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	other.held()
	unlock(t, g, fencedlock.Caller{Session: a.Session, Owner: "x"}, "u1", 0)
	wait.held()
	unlock(t, g, a, "u2", 0)
}

// A Mutex takes a key that is there for its own, and deletes it unseen: the hold is gone, and says so.
func TestForeign_MutexThatDeletesTheHoldersKeyLeavesNobodyGuessing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b := g.caller("a"), g.caller("b")
	held := g.begin(lockOf(a, "r1", patient())).held()
	next := g.begin(lockOf(b, "r2", patient()))
	w.inLine("orders", "r2")
	m := w.mutex(a)
	if err := m.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	next.held()
	u, err := g.Unlock(t.Context(), fencedlock.UnlockRequest{Name: "orders", Caller: a, RequestID: "u1", Fence: held.Fence})
	if err != nil || !u.AlreadyReleased {
		t.Fatalf("the unlock got %+v, %v", u, err)
	}
}

// cpgate and etcd's own clients stand in one line, first come first served (L4).
func TestForeign_MutexesStandInLineWithCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	a, b := g.caller("a"), g.caller("b")
	g.begin(lockOf(a, "r1", patient())).held()
	s, err := concurrency.NewSession(w.etcd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, locked := concurrency.NewMutex(s, w.prefix+"lock/orders"), make(chan error, 1)
	go func() { locked <- m.Lock(context.WithoutCancel(t.Context())) }()
	w.eventually("the mutex is in line", func() bool { return len(w.seats("orders")) == 2 })
	last := g.begin(lockOf(b, "r2", patient()))
	w.inLine("orders", "r2")
	unlock(t, g, a, "u1", 0)
	if err := <-locked; err != nil {
		t.Fatal(err)
	}
	if last.over() {
		t.Fatal("overtook a mutex")
	}
	if err := m.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	last.held()
}
