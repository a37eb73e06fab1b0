package tests_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// beforeFull is what there is when the database gets full.
var beforeFull = []step{
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"A","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"B","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"C","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.LockRequest{Name: "held", SessionId: "A"}, `{"outcome":"ACQUIRED","fence":"1","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "twice", SessionId: "A"}, `{"outcome":"ACQUIRED","fence":"2","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "twice", SessionId: "A"}, `{"outcome":"ACQUIRED","fence":"2","holdCount":2}`},
	{&cpgatev1.LockRequest{Name: "retried", SessionId: "A", RequestId: "r"}, `{"outcome":"ACQUIRED","fence":"3","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "retried", SessionId: "A", RequestId: "r", Attempt: 1}, `{"outcome":"ACQUIRED","fence":"3","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "stands", SessionId: "A"}, `{"outcome":"ACQUIRED","fence":"4","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "cancelled", SessionId: "A", RequestId: "c"}, `{"outcome":"ACQUIRED","fence":"5","holdCount":1}`},
	{&cpgatev1.LockRequest{Name: "closed", SessionId: "C"}, `{"outcome":"ACQUIRED","fence":"6","holdCount":1}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 4}, `{"initialized":true}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Permits: some(2), RequestId: "t1"}, `{"outcome":"ACQUIRED","ticketId":"t1"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", RequestId: "t2"}, `{"outcome":"ACQUIRED","ticketId":"t2"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", RequestId: "t2", Attempt: 1}, `{"outcome":"ACQUIRED","ticketId":"t2"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", RequestId: "t3"}, `{"outcome":"ACQUIRED","ticketId":"t3"}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "counted", Permits: 2, Sessionless: true}, `{"initialized":true}`},
	{&cpgatev1.AcquireRequest{Name: "counted", RequestId: "s"}, `{"outcome":"ACQUIRED"}`},
	{&cpgatev1.TrySetCountRequest{Name: "job", Count: 1}, `{"set":true,"round":"7"}`},
	{&cpgatev1.TrySetCountRequest{Name: "old", Count: 1}, `{"set":true,"round":"8"}`},
}

// whileFull has what is refused for want of room, and what needs none.
var whileFull = []step{
	{&cpgatev1.OpenSessionRequest{}, `DATABASE_FULL`},
	{&cpgatev1.HeartbeatRequest{SessionId: "A"}, `{"ttlSeconds":300,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.BatchHeartbeatRequest{SessionIds: []string{"B"}}, `{"beats":[{"sessionId":"B","ttlSeconds":300}]}`},
	{&cpgatev1.GetSessionRequest{SessionId: "C"}, `{"session":{"sessionId":"C","ttlSeconds":300,"clientAddress":"127.0.0.1","tickets":1}}`},
	{&cpgatev1.ListSessionsRequest{PageSize: 1}, ``},

	{&cpgatev1.LockRequest{Name: "new", SessionId: "A"}, `DATABASE_FULL`},
	{&cpgatev1.LockRequest{Name: "new", SessionId: "A", Timeout: atOnce}, `DATABASE_FULL`},
	{&cpgatev1.LockRequest{Name: "held", SessionId: "A"}, `DATABASE_FULL`},
	{&cpgatev1.LockRequest{Name: "held", SessionId: "B"}, `DATABASE_FULL`},
	{&cpgatev1.LockRequest{Name: "held", SessionId: "B", Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED","holder":{"sessionId":"A","fence":"1"}}`},
	{&cpgatev1.UnlockRequest{Name: "twice", SessionId: "A"}, `DATABASE_FULL`},
	{&cpgatev1.UnlockRequest{Name: "held", SessionId: "B"}, `NOT_HOLDER`},
	{&cpgatev1.CancelLockRequest{Name: "new", SessionId: "A", RequestId: "none"}, `DATABASE_FULL`},
	{&cpgatev1.ForceUnlockRequest{Name: "held"}, `DATABASE_FULL`},
	{&cpgatev1.ForceUnlockRequest{Name: "new"}, `{}`},
	{&cpgatev1.GetLockRequest{Name: "twice"}, `{"lock":{"name":"twice","fence":"2","holdCount":2,"holder":{"sessionId":"A","fence":"2"}}}`},
	{&cpgatev1.ListLocksRequest{PageSize: 1}, ``},

	{&cpgatev1.InitSemaphoreRequest{Name: "new", Permits: 1}, `DATABASE_FULL`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A"}, `DATABASE_FULL`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED"}`},
	{&cpgatev1.AcquireRequest{Name: "counted"}, `DATABASE_FULL`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A"}, `DATABASE_FULL`},
	{&cpgatev1.ReleaseRequest{Name: "counted"}, `DATABASE_FULL`},
	{&cpgatev1.CancelAcquireRequest{Name: "pool", SessionId: "A", RequestId: "none"}, `DATABASE_FULL`},
	{&cpgatev1.CancelAcquireRequest{Name: "counted", RequestId: "s"}, `DATABASE_FULL`},
	{&cpgatev1.DrainPermitsRequest{Name: "counted"}, `DATABASE_FULL`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: 1}, `DATABASE_FULL`},
	{&cpgatev1.ReducePermitsRequest{Name: "pool", Permits: 1}, `DATABASE_FULL`},
	{&cpgatev1.DestroySemaphoreRequest{Name: "pool"}, `DATABASE_FULL`},
	{&cpgatev1.GetSemaphoreRequest{Name: "counted"}, `{"semaphore":{"name":"counted","initialized":true,"sessionless":true,"available":1}}`},
	{&cpgatev1.ListSemaphoresRequest{PageSize: 1}, ``},

	{&cpgatev1.TrySetCountRequest{Name: "new", Count: 1}, `DATABASE_FULL`},
	{&cpgatev1.TrySetCountRequest{Name: "job", Count: 1}, `{"round":"7"}`},
	{&cpgatev1.CountDownRequest{Name: "job"}, `DATABASE_FULL`},
	{&cpgatev1.CountDownRequest{Name: "new"}, `{}`},
	{&cpgatev1.AwaitRequest{Name: "job", Timeout: atOnce}, `{"remaining":1,"round":"7"}`},
	{&cpgatev1.GetLatchRequest{Name: "job"}, `{"latch":{"name":"job","count":1,"remaining":1,"round":"7"}}`},
	{&cpgatev1.ListLatchesRequest{PageSize: 1}, ``},
	{&cpgatev1.DestroyLatchRequest{Name: "old"}, `{"destroyed":true}`},
}

// givesBack needs no room.
var givesBack = []step{
	{&cpgatev1.UnlockRequest{Name: "held", SessionId: "A", Fence: 1}, `{}`},
	{&cpgatev1.UnlockRequest{Name: "held", SessionId: "A", Fence: 1}, `{"alreadyReleased":true}`},
	{&cpgatev1.UnlockRequest{Name: "retried", SessionId: "A"}, `{}`},
	{&cpgatev1.CancelLockRequest{Name: "cancelled", SessionId: "A", RequestId: "c"}, `{"cancelled":true}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "t1"}, `{"released":2}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "t1"}, `{"alreadyReleased":true}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "t2"}, `{"released":1}`},
	{&cpgatev1.CancelAcquireRequest{Name: "pool", SessionId: "A", RequestId: "t3"}, `{"cancelled":true}`},
	{&cpgatev1.CloseSessionRequest{SessionId: "C"}, `{"closed":true}`},
}

// afterFull is what nothing was changed by, and what there is room for again.
var afterFull = []step{
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"E","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.UnlockRequest{Name: "twice", SessionId: "A"}, `{"holdCount":1}`},
	{&cpgatev1.UnlockRequest{Name: "twice", SessionId: "A"}, `{}`},
	{&cpgatev1.ReleaseRequest{Name: "counted"}, `{"released":1}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "counted"}, `{"semaphore":{"name":"counted","initialized":true,"sessionless":true,"available":2}}`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: 1}, `{}`},
	{&cpgatev1.CountDownRequest{Name: "job"}, `{"round":"7"}`},
	{&cpgatev1.UnlockRequest{Name: "stands", SessionId: "A"}, `{}`},
}

func TestFullDatabase_WhatGivesBackWorksAndTheRestIsToldSo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gRPC", "REST", "stream"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, "--quota-bytes", fmt.Sprint(16<<20))
			p.start()
			t.Cleanup(p.clear)
			r, cast := serving(t, p.addr), newCast()
			call := routes(t, p.addr)[name]
			r.plays(call, cast, beforeFull)
			b := cast.sessions["B"]
			next := r.over(call).lock(&cpgatev1.LockRequest{Name: "held", SessionId: b, Owner: "next"})
			stands := r.over(call).lock(&cpgatev1.LockRequest{Name: "stands", SessionId: b, Owner: "stands"})
			closed := r.over(call).lock(&cpgatev1.LockRequest{Name: "closed", SessionId: b, Owner: "closed"})
			permit := r.over(call).acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: b})
			job := r.over(call).awaiting("job")
			r.awaitLine("held", 2)
			r.awaitLine("stands", 2)
			r.awaitLine("closed", 2)
			r.awaitPermitWaiters("pool", 1)

			r.fill(call)
			if said := p.orders("status"); !strings.Contains(said, "NOSPACE") {
				t.Errorf("status says\n%s", said)
			}
			if code, said := r.readyz(); code != 200 {
				t.Errorf("ready: %d %s", code, said)
			}
			r.plays(call, cast, whileFull)
			r.plays(call, cast, givesBack)
			r.got(next)
			r.got(closed)
			r.admits(permit)

			must(r.etcd.Delete(r.soon(), "filler/", clientv3.WithPrefix()))(t)
			rev := must(r.etcd.Get(r.soon(), "filler/"))(t).Header.Revision
			must(r.etcd.Compact(r.soon(), rev))(t)
			r.await("room", func() bool {
				_, err := r.etcd.Put(r.soon(), "k", "v")
				return err == nil
			})
			if stands.answered() || job.answered() {
				t.Error("a wait that nothing ended is over")
			}
			r.plays(call, cast, afterFull)
			r.got(stands)
			if a := must(job.end(t))(t); !a.GetCompleted() {
				t.Errorf("awaiting got %v", a)
			}
			if said := p.orders("status"); strings.Contains(said, "NOSPACE") {
				t.Errorf("status says\n%s", said)
			}
		})
	}
}

// Etcd itself does nothing by itself: somebody has to drop old revisions, have the file written anew, and take the alarm back.
func TestFullDatabase_ElsewhereRoomIsMadeByHand(t *testing.T) {
	t.Parallel()
	e := runEtcd(t, "--quota-backend-bytes", fmt.Sprint(16<<20))
	p := newProgram(t, "--cp-member-count", "0", "--etcd-endpoints", e.addr)
	p.start()
	t.Cleanup(p.clear)
	r, operator := serving(t, p.addr), &rig{T: t, addr: e.addr}
	id := r.session(0)
	r.hold(&cpgatev1.LockRequest{Name: "held", SessionId: id})
	r.hold(&cpgatev1.LockRequest{Name: "stands", SessionId: id})
	next := r.lock(&cpgatev1.LockRequest{Name: "held", SessionId: id, Owner: "next"})
	stands := r.lock(&cpgatev1.LockRequest{Name: "stands", SessionId: id, Owner: "stands"})
	r.awaitLine("held", 2)
	r.awaitLine("stands", 2)
	r.fillAs(0)
	_, err := r.Lock(r.soon(), &cpgatev1.LockRequest{Name: "new", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_DATABASE_FULL)
	_, err = r.OpenSession(r.soon(), &cpgatev1.OpenSessionRequest{})
	r.refuses(err, cpgatev1.ErrorReason_DATABASE_FULL)
	r.unlock(&cpgatev1.UnlockRequest{Name: "held", SessionId: id})
	r.got(next)

	operator.etcdctl("del", "--prefix", "filler/")
	rev := must(r.etcd.Get(r.soon(), "filler/"))(t).Header.Revision
	operator.etcdctl("compact", "--physical", fmt.Sprint(rev))
	operator.etcdctl("defrag")
	operator.etcdctl("alarm", "disarm")
	r.hold(&cpgatev1.LockRequest{Name: "new", SessionId: r.session(0)})
	if stands.answered() {
		t.Error("a wait that nothing ended is over")
	}
	r.unlock(&cpgatev1.UnlockRequest{Name: "stands", SessionId: id})
	r.got(stands)
}

// plays tells a part of a story; where nothing is wanted, only that it is answered.
func (r *rig) plays(call route, cast *cast, story []step) {
	r.Helper()
	for i, s := range story {
		a, err := call(r.soon(), methodOf(s.q), cast.real(s.q))
		got := reason(err)
		if err == nil {
			got = cast.told(a)
		}
		if got != s.want && (s.want != "" || err != nil) {
			r.Errorf("step %d, %T {%v}:\n got %s\nwant %s", i, s.q, s.q, got, s.want)
		}
	}
}

func (r *rig) got(lock *pending[*cpgatev1.LockResponse]) {
	r.Helper()
	if a := must(lock.end(r.T))(r.T); a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED {
		r.Errorf("locking got %v", a)
	}
}

// fill writes until nothing more fits in, many at a time, so that what is asked to lock something meanwhile may be what
// fills the database up: it is committed, and answered as if it were not. Whoever is told so must hold nothing.
func (r *rig) fill(call route) {
	r.Helper()
	session, full := r.session(0), make(chan struct{})
	told := map[string]*pending[proto.Message]{}
	var fillers sync.WaitGroup
	for f := range 6 {
		fillers.Go(func() { r.fillAs(f) })
	}
	go func() { fillers.Wait(); close(full) }()
	for n := 0; ; n++ {
		name := fmt.Sprintf("brim-%d", n)
		q := &cpgatev1.LockRequest{Name: name, SessionId: session, Timeout: atOnce}
		told[name] = begin(func() (proto.Message, error) { return call(r.soon(), lock, q) })
		select {
		case <-full:
			r.tellsTrue(told)
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// fillAs puts until there is no more room. What is larger would leave some inside of the file.
func (r *rig) fillAs(filler int) {
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(r.Context(), soon)
		_, err := r.etcd.Put(ctx, fmt.Sprintf("filler/%d/%d", filler, n), strings.Repeat("x", 64<<10))
		cancel()
		if errors.Is(err, rpctypes.ErrNoSpace) {
			return
		}
		if err != nil {
			r.Error(err)
			return
		}
	}
}

// tellsTrue: who was told to hold does, and who was told that there is no room does not.
func (r *rig) tellsTrue(told map[string]*pending[proto.Message]) {
	r.Helper()
	counts := map[string]int{}
	for name, p := range told {
		_, err := p.end(r.T)
		counts[reason(err)]++
		switch reason(err) {
		case "DATABASE_FULL":
			r.await("nobody to hold "+name, func() bool { return r.look(name).GetHolder() == nil })
		default:
			if err != nil || r.look(name).GetHolder() == nil {
				r.Errorf("%s: %v, and is held by %v", name, err, r.look(name).GetHolder())
			}
		}
	}
	r.Logf("told while the database filled up: %v", counts)
}
