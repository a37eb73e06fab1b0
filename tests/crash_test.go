package tests_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

var crashKills = flag.Int("crash.kills", 3, "how often the program is killed under its workers")

const (
	crews = 5  // clients, each with a session
	hands = 10 // workers of each
	// loops that must be done between two kills, by all workers together
	betweenKills = 150
)

// Fifty workers lock and unlock while the program is killed and started again, on the same folder and port: no
// lock is lost or held twice (L1), fences rise (L2), reentrant holds keep theirs (L5), every call is answered once
// (S4), and in the end nothing is left in any line (X2).
func TestKill_InTheMiddleOfFiftyWorkersLosesAndDoublesNothing(t *testing.T) {
	p := runProgram(t)
	r := serving(t, p.addr)
	w := newWorks(r)
	sessions := w.sessions()
	stop := w.begin()
	for range *crashKills {
		w.awaitLoops(betweenKills)
		time.Sleep(rand.N(20 * time.Millisecond)) // any moment will do
		p.kill()
		p.start()
	}
	w.awaitLoops(betweenKills)
	stop()
	if left := r.keys("cp/lock/"); len(left) > 0 {
		t.Errorf("%d tickets of finished calls are left, the first is %s: %s", len(left), left[0].Key, left[0].Value)
	}
	for n, id := range w.sessions() {
		s, err := r.GetSession(r.soon(), &cpgatev1.GetSessionRequest{SessionId: id})
		if id != sessions[n] || err != nil || s.GetSession().GetTickets() != 0 {
			t.Errorf("session %s, before the kills %s: %v, %v", id, sessions[n], s, err)
		}
	}
}

// turn is one worker's turn with a lock.
func (w *works) turn(ctx context.Context, who worker) error {
	name, times := choose(who)
	l := w.handle(who, name, times > 1)
	fence, err := l.Lock(ctx)
	if err != nil {
		return err
	}
	if err := w.room(name).enter(who.name, int64(fence)); err != nil {
		return err
	}
	if err := again(ctx, l, fence, times-1); err != nil {
		return err
	}
	if err := giveBack(ctx, l, times-1); err != nil { // and is still inside: one unlock that counted twice would show
		return err
	}
	w.room(name).leave()
	return giveBack(ctx, l, 1)
}
