package semaphore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

const (
	// shortTTL is the shortest that a session may have, in seconds.
	shortTTL = 2
	// promptly is how soon after an expiry the next in line is admitted, and what a busy machine adds.
	promptly = time.Second + 2*time.Second
)

// "expiry: its waits fail with SESSION_EXPIRED, its permits are freed, the next in line are admitted, in one step" (X1).
func TestSession_ExpiryFreesWhatItHeldAndWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	gs[0].init(4, false)
	begun := time.Now()
	dying := semaphore.Caller{Session: gs[0].session("dying", shortTTL)}
	b := gs[1].caller("b")
	gs[1].current()
	gs[0].begin(acquireOf(dying, "r1", 2)).acquired()
	gs[1].begin(acquireOf(b, "r2", 1)).acquired()
	if n, err := gs[1].Drain(t.Context(), semaphore.DrainRequest{Name: pool, Caller: dying, RequestID: "d1"}); err != nil || n != 1 {
		t.Fatalf("drained %d, %v", n, err)
	}
	behind := gs[1].wait(acquireOf(dying, "r3", 4))
	next := []*pending{gs[0].wait(acquireOf(b, "r4", 2)), gs[1].wait(acquireOf(b, "r5", 1))}

	behind.fails(session.ErrExpired)
	for _, p := range next {
		p.acquired()
	}
	if took := time.Since(begun); took < shortTTL*time.Second || took > shortTTL*time.Second+promptly {
		t.Errorf("the next in line were admitted %v after the session of %d s was opened", took, shortTTL)
	}
	gs[0].available(0)
}

// "close: everything it held or waited for is free at once, in one step" (X1).
func TestSession_CloseFreesAllInOneRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	gs[0].init(10, false)
	a, b := gs[0].caller("a"), gs[0].caller("b")
	gs[1].current()
	var waits, next []*pending
	for n := range 5 {
		gs[n%2].begin(acquireOf(a, fmt.Sprintf("held%d", n), 2)).acquired()
	}
	for n := range 5 {
		waits = append(waits, gs[n%2].wait(acquireOf(a, fmt.Sprintf("awaited%d", n), 1)))
		next = append(next, gs[(n+1)%2].wait(acquireOf(b, fmt.Sprintf("next%d", n), 2)))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	gone := w.etcd.Watch(clientv3.WithRequireLeader(ctx), w.prefix, clientv3.WithPrefix(), clientv3.WithFilterPut(), clientv3.WithCreatedNotify())
	<-gone
	if live, err := gs[1].sessions.Close(t.Context(), a.Session); err != nil || !live {
		t.Fatal(live, err)
	}
	if r := <-gone; len(r.Events) != 11 {
		t.Errorf("%d keys went in one step, not the marker and 10 tickets", len(r.Events))
	}
	for _, p := range waits {
		p.fails(session.ErrExpired)
	}
	for _, p := range next {
		p.acquired()
	}
}

// "Any call with an unknown, expired or closed session: SESSION_EXPIRED", before anything about the object.
func TestSession_Story(t *testing.T) {
	tell(t, map[string]string{
		"checked before anything about the object": `
			a close -> true
			a acquire r1 1 -> expired
			a acquire r2 1 0s -> expired
			a@2 release u1 1 -> expired
			a release ticket=r1 -> expired
			a drain d1 -> expired
			a cancel r1 -> expired
			a close -> false`,
		"close: its waits fail with SESSION_EXPIRED, its permits are free": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			a.x@2 acquire r2 3 &
			b acquire r3 3 &
			a@2 close -> true
			a await r2 -> expired
			b await r3 -> acquired
			a release u1 1 -> expired`,
		"also of a wait for init": `
			a acquire r1 1 &
			a close -> true
			a await r1 -> expired
			- get -> none
			- list ->`,
		"a closed session holds nothing where more is held than there is to be": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 1 -> acquired
			c acquire r3 1 &
			- reduce c1 2 -> ok
			a close -> true
			- get -> 0/1 b:1 | c:1
			b close -> true
			c await r3 -> acquired`,
		"a marker written over without its lease: the session is gone, with all it had": `
			- init i1 2 -> true
			a acquire r1 1 -> acquired
			a.x acquire r2 2 &
			b acquire r3 2 &
			- put session/$a {}
			a await r2 -> expired
			b await r3 -> acquired
			a acquire r4 1 -> expired
			a release u1 1 -> expired
			a close -> false
			- get -> 0/2 b:2`,
	})
}

// A call by a session that was closed and opened anew under the same request id is a call of another session.
func TestSession_OpenedAnewHoldsNothingOfTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.init(2, false)
	a := g.caller("a")
	g.begin(acquireOf(a, "r1", 1)).acquired()
	wait := g.wait(acquireOf(a, "r2", 2))
	if _, err := g.sessions.Close(t.Context(), a.Session); err != nil {
		t.Fatal(err)
	}
	if again := g.caller("a"); again != a {
		t.Fatalf("opened %v, was %v", again, a)
	}
	wait.fails(session.ErrExpired)
	u, err := g.Release(t.Context(), semaphore.ReleaseRequest{Name: pool, Caller: a, Ticket: "r1"})
	if err != nil || !u.AlreadyReleased {
		t.Errorf("releasing got %+v, %v", u, err)
	}
	g.begin(acquireOf(a, "r1", 2)).acquired()
	g.available(0)
}

// A storm of closings, each while its session's calls are at any point of their way, leaves nothing.
func TestSession_ClosedAtAnyMomentLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gs := w.gateways(2)
	gs[0].init(3, false)
	for n := range scaled(40) {
		c := gs[n%2].caller(fmt.Sprint(n))
		var ps []*pending
		for i := range 4 {
			ps = append(ps, gs[i%2].begin(acquireOf(c, fmt.Sprintf("r%d", i), semaphore.Permits(1+i%3))))
		}
		released := make(chan struct{})
		go func() {
			defer close(released)
			r := semaphore.ReleaseRequest{Name: pool, Caller: c, Permits: 1, RequestID: "u"}
			_, _ = gs[1].Release(context.WithoutCancel(t.Context()), r)
		}()
		time.Sleep(time.Duration(n%10) * 200 * time.Microsecond)
		if _, err := gs[(n+1)%2].sessions.Close(t.Context(), c.Session); err != nil {
			t.Fatal(err)
		}
		for _, p := range ps {
			if _, err := p.await(); err != nil {
				p.fails(session.ErrExpired)
			}
		}
		<-released
		gs[0].available(3)
	}
	if left := w.left("gateway/"); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
