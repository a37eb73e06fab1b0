package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
)

// revisionOf is the revision in which a round began.
func revisionOf(r countdownlatch.Round) kv.Revision { return kv.Revision(r) }

// latch asks something of a latch.
func (w *twins) latch(n keys.Name) {
	l := w.latches[n]
	switch k := w.rng.IntN(20); {
	case k == 0:
		w.tell("destroy latch %s", n)
		c := countdownlatch.NewDestroyCall(space, n)
		w.beside(l.destroy(), w.real.start(c, said(c, yesOrNo)))
	case k < 5:
		w.set(n, l)
	case k < 10:
		w.await(n, l)
	default:
		w.countDown(n, l)
	}
}

func (w *twins) set(n keys.Name, l *dumbLatch) {
	r := countdownlatch.SetRequest{Name: n, Count: int32(1 + w.rng.IntN(4)), RequestID: w.request()}
	w.tell("set %s to %d", n, r.Count)
	d := l.set(int64(r.Count), countdownlatch.Round(w.real.etcd.rev+1))
	ask := func(d *dumbCall) {
		c := countdownlatch.NewSetCall(space, r, kv.LeaseID(shelf), now)
		w.beside(d, w.real.start(c, said(c, func(a countdownlatch.SetAnswer) string { return fmt.Sprintf("%v %d", a.Set, a.Round) })))
	}
	ask(d)
	if round := l.round; d.answer == fmt.Sprintf("true %d", round) {
		w.again = append(w.again, func() {
			w.tell("set %s is repeated", n)
			ask(answered("true %d", round))
		})
	}
}

func (w *twins) countDown(n keys.Name, l *dumbLatch) {
	r := countdownlatch.CountDownRequest{Name: n, RequestID: w.request()}
	if all := slices.Concat(l.arrived, l.before); len(all) > 0 && w.rng.IntN(5) == 0 {
		r.RequestID = all[w.rng.IntN(len(all))]
	}
	switch w.rng.IntN(8) {
	case 0:
		r.Round = max(0, l.round-1)
	case 1:
		r.Round = l.round
	case 2:
		r.Round = l.round + 1000
	}
	w.tell("%s counts down %s in round %d", r.RequestID, n, r.Round)
	d := l.countDown(r.RequestID, r.Round, countdownlatch.Round(w.real.etcd.rev))
	c := countdownlatch.NewCountDownCall(space, r, now)
	w.beside(d, w.real.start(c, said(c, func(a countdownlatch.CountDownAnswer) string {
		return fmt.Sprintf("%d of %d", a.Remaining, a.Round)
	})))
}

func (w *twins) await(n keys.Name, l *dumbLatch) {
	r := countdownlatch.AwaitRequest{Name: n}
	try := w.rng.IntN(4) == 0
	if try {
		r.Timeout = new(time.Duration)
	}
	w.tell("await %s, try %v", n, try)
	d := l.await(try)
	c := countdownlatch.NewAwaitCall(space, r)
	p := w.beside(d, w.real.start(c, said(c, func(a countdownlatch.AwaitAnswer) string {
		if a.Completed {
			return fmt.Sprintf("true %d", a.Round)
		}
		return fmt.Sprintf("false, %d of %d", a.Remaining, a.Round)
	})))
	p.timeOut = func() {
		w.tell("an await of %s times out", n)
		l.timeOut(d)
		w.real.signal(p.real, kv.TimedOut)
	}
}
