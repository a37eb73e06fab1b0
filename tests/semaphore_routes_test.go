package tests_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/embedded"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// some is a number of permits where it may be absent.
func some(n int32) *int32 { return proto.Int32(n) }

var (
	atOnce  = durationpb.New(0)
	aMoment = durationpb.New(time.Millisecond)
)

var semaphoreStory = []step{
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"A","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"B","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},

	// Before there are permits.
	{&cpgatev1.GetSemaphoreRequest{Name: "pool"}, `{"semaphore":{"name":"pool"}}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Timeout: aMoment}, `{"outcome":"NOT_ACQUIRED","position":1}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A"}, `PERMITS_NOT_HELD`},
	{&cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: "A"}, `NOT_INITIALIZED`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: 1}, `NOT_INITIALIZED`},
	{&cpgatev1.ReducePermitsRequest{Name: "pool", Permits: 1}, `NOT_INITIALIZED`},
	{&cpgatev1.CancelAcquireRequest{Name: "pool", SessionId: "A", RequestId: "none"}, `{}`},
	{&cpgatev1.ListSemaphoresRequest{}, `{}`},
	{&cpgatev1.DestroySemaphoreRequest{Name: "pool"}, `{}`},

	{&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 3, RequestId: "i1"}, `{"initialized":true}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 3, RequestId: "i1"}, `{"initialized":true}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 5, RequestId: "i2"}, `{}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "pool", Sessionless: true}, `{}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "pool@default"}, `{"semaphore":{"name":"pool","initialized":true,"permits":3,"available":3}}`},

	// Calls meant for the other kind.
	{&cpgatev1.AcquireRequest{Name: "pool", Timeout: atOnce}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.AcquireRequest{Name: "pool"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.ReleaseRequest{Name: "pool"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.DrainPermitsRequest{Name: "pool"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.CancelAcquireRequest{Name: "pool", RequestId: "r"}, `INVALID_ARGUMENT session_id`},

	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Permits: some(2), RequestId: "r1"}, `{"outcome":"ACQUIRED","ticketId":"r1"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Permits: some(2), RequestId: "r1", Attempt: 1}, `{"outcome":"ACQUIRED","ticketId":"r1"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "B", Permits: some(2), Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED","available":1}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "B", Permits: some(2), Timeout: aMoment}, `{"outcome":"NOT_ACQUIRED","available":1,"position":1}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "B", Permits: some(math.MaxInt32), Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED","available":1}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "B", Owner: "b", RequestId: "r2"}, `{"outcome":"ACQUIRED","ticketId":"r2"}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "pool"}, `{"semaphore":{"name":"pool","initialized":true,"permits":3,"holders":[{"sessionId":"A","permits":2},{"sessionId":"B","permits":1}],"holderCount":2}}`},
	{&cpgatev1.ListSemaphoresRequest{}, `{"semaphores":[{"name":"pool","initialized":true,"permits":3,"holderCount":2}]}`},
	{&cpgatev1.GetSessionRequest{SessionId: "A"}, `{"session":{"sessionId":"A","ttlSeconds":300,"clientAddress":"127.0.0.1","tickets":1}}`},

	// In other portions, by any owner of the session, counted once.
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", Permits: some(3)}, `PERMITS_NOT_HELD`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "B", Permits: some(2)}, `PERMITS_NOT_HELD`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", Owner: "a", RequestId: "u1"}, `{"released":1}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", Owner: "a", RequestId: "u1", Attempt: 1}, `{"released":1}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "B", TicketId: "r1"}, `{"alreadyReleased":true}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "r1"}, `{"released":1}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "r1"}, `{"alreadyReleased":true}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Permits: some(2), RequestId: "r1", Attempt: 2}, `{"outcome":"ACQUIRED","ticketId":"r1"}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "pool"}, `{"semaphore":{"name":"pool","initialized":true,"permits":3,"available":2,"holders":[{"sessionId":"B","permits":1}],"holderCount":1}}`},

	{&cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: "A", RequestId: "d1"}, `{"drained":2,"ticketId":"d1"}`},
	{&cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: "A", RequestId: "d1", Attempt: 1}, `{"drained":2,"ticketId":"d1"}`},
	{&cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: "A", RequestId: "d2"}, `{}`},

	// What is taken is never taken back: fewer than none are available.
	{&cpgatev1.ReducePermitsRequest{Name: "pool", Permits: 5, RequestId: "c1"}, `{}`},
	{&cpgatev1.ReducePermitsRequest{Name: "pool", Permits: 5, RequestId: "c1", Attempt: 1}, `{}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "pool"}, `{"semaphore":{"name":"pool","initialized":true,"permits":-2,"available":-5,"holders":[{"sessionId":"B","permits":1},{"sessionId":"A","permits":2}],"holderCount":2}}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED","available":-5}`},
	{&cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: "A", RequestId: "d3"}, `{"drained":-5}`},
	{&cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: "A", RequestId: "d3", Attempt: 1}, `{"drained":-5}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "pool"}, `{"semaphore":{"name":"pool","initialized":true,"permits":3,"holders":[{"sessionId":"B","permits":1},{"sessionId":"A","permits":2}],"holderCount":2}}`},

	// The permits stay within 32 bits, those available too.
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: math.MaxInt32}, `INVALID_ARGUMENT permits`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: math.MaxInt32 - 3, RequestId: "c2"}, `{}`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: math.MaxInt32 - 3, RequestId: "c2", Attempt: 1}, `{}`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: 1}, `INVALID_ARGUMENT permits`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool"}, `{}`},
	{&cpgatev1.ReducePermitsRequest{Name: "pool", Permits: math.MaxInt32}, `{}`},
	{&cpgatev1.ReducePermitsRequest{Name: "pool", Permits: math.MaxInt32}, `INVALID_ARGUMENT permits`},
	{&cpgatev1.ReducePermitsRequest{Name: "pool"}, `{}`},
	{&cpgatev1.IncreasePermitsRequest{Name: "pool", Permits: 4}, `{}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "d1"}, `{"released":2}`},
	{&cpgatev1.CancelAcquireRequest{Name: "pool", SessionId: "B", RequestId: "r2"}, `{"cancelled":true}`},
	{&cpgatev1.CancelAcquireRequest{Name: "pool", SessionId: "B", RequestId: "r2"}, `{}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "pool"}, `{"semaphore":{"name":"pool","initialized":true,"permits":4,"available":4}}`},

	// Destroyed and initialized anew.
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", RequestId: "r3"}, `{"outcome":"ACQUIRED","ticketId":"r3"}`},
	{&cpgatev1.DestroySemaphoreRequest{Name: "pool"}, `{"destroyed":true}`},
	{&cpgatev1.DestroySemaphoreRequest{Name: "pool"}, `{}`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A"}, `PERMITS_NOT_HELD`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "r3"}, `{"alreadyReleased":true}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "pool"}, `{"semaphore":{"name":"pool"}}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 1}, `{"initialized":true}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A", RequestId: "r4"}, `{"outcome":"ACQUIRED","ticketId":"r4"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "B", Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED"}`},
	{&cpgatev1.CloseSessionRequest{SessionId: "A"}, `{"closed":true}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "B", RequestId: "r5", Timeout: atOnce}, `{"outcome":"ACQUIRED","ticketId":"r5"}`},
	{&cpgatev1.AcquireRequest{Name: "pool", SessionId: "A"}, `SESSION_EXPIRED`},
	{&cpgatev1.AcquireRequest{Name: "none", SessionId: "A"}, `SESSION_EXPIRED`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A"}, `SESSION_EXPIRED`},
	{&cpgatev1.ReleaseRequest{Name: "pool", SessionId: "A", TicketId: "r4"}, `SESSION_EXPIRED`},
	{&cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: "A"}, `SESSION_EXPIRED`},
	{&cpgatev1.CancelAcquireRequest{Name: "pool", SessionId: "A", RequestId: "r"}, `SESSION_EXPIRED`},
}

func TestRoutes_TellTheSameStoryOfSemaphores(t *testing.T) { tell(t, semaphoreStory) }

var sessionlessStory = []step{
	{&cpgatev1.OpenSessionRequest{}, `{"sessionId":"A","ttlSeconds":300,"heartbeatIntervalSeconds":5}`},

	// Before there are permits, it is of either kind.
	{&cpgatev1.AcquireRequest{Name: "count", Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED"}`},
	{&cpgatev1.AcquireRequest{Name: "count", Timeout: aMoment}, `{"outcome":"NOT_ACQUIRED","position":1}`},
	{&cpgatev1.ReleaseRequest{Name: "count"}, `NOT_INITIALIZED`},
	{&cpgatev1.DrainPermitsRequest{Name: "count"}, `NOT_INITIALIZED`},
	{&cpgatev1.CancelAcquireRequest{Name: "count", RequestId: "none"}, `{}`},

	{&cpgatev1.InitSemaphoreRequest{Name: "count", Permits: 2, Sessionless: true, RequestId: "i1"}, `{"initialized":true}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "count", Permits: 2, Sessionless: true, RequestId: "i1"}, `{"initialized":true}`},
	{&cpgatev1.InitSemaphoreRequest{Name: "count", Permits: 2}, `{}`},

	// Calls meant for the other kind.
	{&cpgatev1.AcquireRequest{Name: "count", SessionId: "A", Timeout: atOnce}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.AcquireRequest{Name: "count", SessionId: "A"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.ReleaseRequest{Name: "count", SessionId: "A"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.ReleaseRequest{Name: "count", SessionId: "A", TicketId: "r"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.DrainPermitsRequest{Name: "count", SessionId: "A"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.CancelAcquireRequest{Name: "count", SessionId: "A", RequestId: "r"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.AcquireRequest{Name: "count", SessionId: "7"}, `SESSION_EXPIRED`},

	// Each request counts once.
	{&cpgatev1.AcquireRequest{Name: "count", RequestId: "r1"}, `{"outcome":"ACQUIRED"}`},
	{&cpgatev1.AcquireRequest{Name: "count", RequestId: "r1", Attempt: 1}, `{"outcome":"ACQUIRED"}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "count"}, `{"semaphore":{"name":"count","initialized":true,"sessionless":true,"available":1}}`},
	{&cpgatev1.AcquireRequest{Name: "count", Permits: some(2), Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED","available":1}`},
	{&cpgatev1.AcquireRequest{Name: "count", Permits: some(2), Timeout: aMoment}, `{"outcome":"NOT_ACQUIRED","available":1,"position":1}`},
	{&cpgatev1.ReleaseRequest{Name: "count", Permits: some(5), RequestId: "u1"}, `{"released":5}`},
	{&cpgatev1.ReleaseRequest{Name: "count", Permits: some(5), RequestId: "u1", Attempt: 1}, `{"released":5}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "count"}, `{"semaphore":{"name":"count","initialized":true,"sessionless":true,"available":6}}`},
	{&cpgatev1.ListSemaphoresRequest{PageSize: 1}, `{"semaphores":[{"name":"count","initialized":true,"sessionless":true,"available":6}]}`},
	{&cpgatev1.AcquireRequest{Name: "count", Owner: "b", Permits: some(4), RequestId: "r2"}, `{"outcome":"ACQUIRED"}`},
	{&cpgatev1.CancelAcquireRequest{Name: "count", RequestId: "r2"}, `{"cancelled":true}`},
	{&cpgatev1.CancelAcquireRequest{Name: "count", RequestId: "r2"}, `{}`},
	{&cpgatev1.CancelAcquireRequest{Name: "count", RequestId: "none"}, `{}`},
	{&cpgatev1.DrainPermitsRequest{Name: "count", RequestId: "d1"}, `{"drained":6}`},
	{&cpgatev1.DrainPermitsRequest{Name: "count", RequestId: "d1", Attempt: 1}, `{"drained":6}`},
	{&cpgatev1.DrainPermitsRequest{Name: "count"}, `{}`},
	{&cpgatev1.ReducePermitsRequest{Name: "count", Permits: 3, RequestId: "c1"}, `{}`},
	{&cpgatev1.ReducePermitsRequest{Name: "count", Permits: 3, RequestId: "c1", Attempt: 1}, `{}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "count"}, `{"semaphore":{"name":"count","initialized":true,"sessionless":true,"available":-3}}`},
	{&cpgatev1.AcquireRequest{Name: "count", Timeout: atOnce}, `{"outcome":"NOT_ACQUIRED","available":-3}`},
	{&cpgatev1.DrainPermitsRequest{Name: "count", RequestId: "d2"}, `{"drained":-3}`},
	{&cpgatev1.DrainPermitsRequest{Name: "count", RequestId: "d2", Attempt: 1}, `{"drained":-3}`},
	{&cpgatev1.IncreasePermitsRequest{Name: "count", Permits: 1, RequestId: "c2"}, `{}`},
	{&cpgatev1.IncreasePermitsRequest{Name: "count", Permits: 1, RequestId: "c2", Attempt: 1}, `{}`},
	{&cpgatev1.GetSemaphoreRequest{Name: "count"}, `{"semaphore":{"name":"count","initialized":true,"sessionless":true,"available":1}}`},

	// The permits stay within 32 bits.
	{&cpgatev1.ReleaseRequest{Name: "count", Permits: some(math.MaxInt32)}, `INVALID_ARGUMENT permits`},
	{&cpgatev1.ReleaseRequest{Name: "count", Permits: some(math.MaxInt32 - 1)}, `{"released":2147483646}`},
	{&cpgatev1.ReleaseRequest{Name: "count"}, `INVALID_ARGUMENT permits`},
	{&cpgatev1.IncreasePermitsRequest{Name: "count", Permits: 1}, `INVALID_ARGUMENT permits`},
	{&cpgatev1.DrainPermitsRequest{Name: "count"}, `{"drained":2147483647}`},
	{&cpgatev1.ReducePermitsRequest{Name: "count", Permits: math.MaxInt32}, `{}`},
	{&cpgatev1.ReducePermitsRequest{Name: "count", Permits: 2}, `INVALID_ARGUMENT permits`},
	{&cpgatev1.ReducePermitsRequest{Name: "count", Permits: 1}, `{}`},
	{&cpgatev1.DrainPermitsRequest{Name: "count"}, `{"drained":-2147483648}`},

	// Destroyed and initialized anew, as the other kind.
	{&cpgatev1.DestroySemaphoreRequest{Name: "count"}, `{"destroyed":true}`},
	{&cpgatev1.DestroySemaphoreRequest{Name: "count"}, `{}`},
	{&cpgatev1.ReleaseRequest{Name: "count"}, `NOT_INITIALIZED`},
	{&cpgatev1.InitSemaphoreRequest{Name: "count", Permits: math.MaxInt32}, `{"initialized":true}`},
	{&cpgatev1.AcquireRequest{Name: "count"}, `INVALID_ARGUMENT session_id`},
	{&cpgatev1.AcquireRequest{Name: "count", SessionId: "A", Permits: some(math.MaxInt32), RequestId: "r3"}, `{"outcome":"ACQUIRED","ticketId":"r3"}`},
}

func TestRoutes_TellTheSameStoryOfSessionlessSemaphores(t *testing.T) { tell(t, sessionlessStory) }

// A semaphore ends its waits by getting permits at last, by a release, a cancel, and by being destroyed, in the order in
// which they came.
func TestRoutes_ASemaphoreEndsItsWaits(t *testing.T) {
	everyRoute(t, func(r *rig, name string) {
		for _, sessionless := range []bool{false, true} {
			r.endPermitWaits(fmt.Sprintf("%s, sessionless %t", name, sessionless), sessionless)
		}
	})
}

func (r *rig) endPermitWaits(name string, sessionless bool) {
	r.Helper()
	id := ""
	if !sessionless {
		id = r.session(0)
	}
	var waits []*pending[*cpgatev1.AcquireResponse]
	for n, permits := range []int32{1, 2, 1, 1} {
		waits = append(waits, r.acquire(&cpgatev1.AcquireRequest{
			Name: name, SessionId: id, Owner: fmt.Sprint(n), Permits: &permits, RequestId: fmt.Sprint("r", n),
		}))
		r.awaitPermitWaiters(name, n+1)
	}
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: name, Permits: 2, Sessionless: sessionless})
	r.admits(waits[0])
	for n, w := range r.awaitPermitWaiters(name, 3) {
		if w.GetOwner() != fmt.Sprint(n+1) || w.GetPosition() != int32(n+1) || w.GetSessionId() != id || w.GetForeign() {
			r.Errorf("number %d to wait is %v", n+1, w)
		}
	}
	if s := r.semaphore(name); s.GetAvailable() != 1 || s.GetWaiterCount() != 3 {
		r.Errorf("one permit is left, which nobody may take out of turn: %v", s)
	}
	must(r.Release(r.soon(), &cpgatev1.ReleaseRequest{Name: name, SessionId: id}))(r.T)
	r.admits(waits[1])
	r.awaitPermitWaiters(name, 2)
	cancel := &cpgatev1.CancelAcquireRequest{Name: name, SessionId: id, RequestId: "r2"}
	if a := must(r.CancelAcquire(r.soon(), cancel))(r.T); !a.GetCancelled() {
		r.Error("nothing was cancelled")
	}
	_, err := waits[2].end(r.T)
	r.refuses(err, cpgatev1.ErrorReason_WAIT_CANCELLED)
	if w := r.awaitPermitWaiters(name, 1); waits[3].answered() || w[0].GetOwner() != "3" {
		r.Errorf("in line are %v", w)
	}
	must(r.DestroySemaphore(r.soon(), &cpgatev1.DestroySemaphoreRequest{Name: name}))(r.T)
	_, err = waits[3].end(r.T)
	r.refuses(err, cpgatev1.ErrorReason_DESTROYED)
	if s := r.semaphore(name); s.GetInitialized() || s.GetHolderCount() != 0 || s.GetWaiterCount() != 0 {
		r.Errorf("left is %v", s)
	}
}

// A session has as many tickets as one may have, whatever they are for.
func TestRoutes_ASessionHasAThousandTicketsOfAllKinds(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 2000})
	for range 500 {
		r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: id})
	}
	for i := range 500 {
		r.hold(&cpgatev1.LockRequest{Name: fmt.Sprint(i), SessionId: id})
	}
	_, err := r.Acquire(r.soon(), &cpgatev1.AcquireRequest{Name: "pool", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_TOO_MANY_TICKETS)
	_, err = r.DrainPermits(r.soon(), &cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_TOO_MANY_TICKETS)
	_, err = r.Lock(r.soon(), &cpgatev1.LockRequest{Name: "one more", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_TOO_MANY_TICKETS)
}

// What looks at every holder in one transaction says which setting of etcd's bounds it, where there are too many.
// Destroying does not.
func TestRoutes_ADrainAmongTooManyHoldersNamesTheSetting(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("ten thousand holders take seconds to come; run without -short and -race")
	}
	r := started(t)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: math.MaxInt32})
	const each = 900 // below what one session may have
	var all sync.WaitGroup
	for range embedded.MaxTxnOps/each + 1 {
		id := r.session(0)
		for range each {
			all.Go(func() {
				if err := r.ask(t.Context(), &cpgatev1.AcquireRequest{Name: "pool", SessionId: id}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	id := r.session(0)
	for _, call := range routes(t, r.addr) {
		_, err := r.over(call).DrainPermits(r.soon(), &cpgatev1.DrainPermitsRequest{Name: "pool", SessionId: id})
		r.refuses(err, cpgatev1.ErrorReason_TOO_MANY_OPS)
		if !strings.Contains(fmt.Sprint(err), "max-txn-ops") {
			t.Errorf("does not name the setting: %v", err)
		}
	}
	r.destroySemaphore("pool")
	if left := r.keys("cp/semaphore/"); len(left) > 0 {
		t.Errorf("left are %d keys", len(left))
	}
}
