package semaphore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// resting is an acquire that finds a pause, on a mirror that shows what the test wants.
type resting struct {
	t     *testing.T
	space keys.Space
	m     *mirror.Mirror
	rev   kv.Revision
	c     *semaphore.AcquireCall
}

func newResting(t *testing.T) *resting {
	r := &resting{t: t, space: keys.NewSpace("cp/")}
	r.m = mirror.New(r.space)
	r.put(r.space.Session(7), nil, 7)
	r.c = semaphore.NewAcquireCall(r.space, acquireOf(semaphore.Caller{Session: 7}, "r1", 1), "g.1", time.Now())
	r.paused("first")
	r.rests()
	return r
}

func (r *resting) put(key string, v []byte, lease kv.LeaseID) {
	r.rev++
	r.m.Fold(r.rev, []kv.Event{{Key: key, Item: &kv.Item{Key: key, Value: v, Create: 1, Mod: r.rev, Lease: lease}}})
}

func (r *resting) paused(by string) {
	r.put(r.space.Semaphore(pool), value.Semaphore{Permits: 3, Pause: by, Request: "init"}.Encode(), 0)
}

func (r *resting) rests() {
	r.t.Helper()
	if step := r.c.Next(r.m.View()); step.Rest == nil || step.Rest.While.Mod != r.rev || step.Rest.For != hold {
		r.t.Fatalf("does not rest: %+v", step)
	}
}

// writes takes the call's next step, in turn if it wants that, which must write the key.
func (r *resting) writes(key string) {
	r.t.Helper()
	step := r.c.Next(r.m.View())
	if step.Turn != "" {
		step = r.c.Next(r.m.View())
	}
	if step.Commit == nil || step.Commit.Then[0].Key != key {
		r.t.Fatalf("wants %+v, not to write %s", step, key)
	}
}

func (r *resting) lifts() { r.t.Helper(); r.writes(r.space.Semaphore(pool)) }
func (r *resting) goesOn() {
	r.t.Helper()
	r.writes(r.space.SemaphoreTicket(pool, 7, "r1"))
}

// Who holds back goes on when the pause is over, and begins anew for another's.
func TestPause_HoldingBackEndsWithIt(t *testing.T) {
	for says, story := range map[string]func(r *resting){
		"lifted by another": func(r *resting) {
			r.paused("")
			r.goesOn()
		},
		"another's": func(r *resting) {
			r.c.Signal(kv.Rested)
			r.paused("second")
			r.rests()
			r.c.Signal(kv.Rested)
			r.lifts()
		},
		"outlasted": func(r *resting) {
			r.c.Signal(kv.Rested)
			r.lifts()
			r.c.Committed(kv.Result{Succeeded: true, Revision: r.rev})
			r.paused("")
			r.goesOn()
		},
		"its own": func(r *resting) {
			r.paused("r1")
			r.goesOn()
		},
		"the record changed otherwise": func(r *resting) {
			r.paused("first")
			r.rests()
		},
		"the session has ended": func(r *resting) {
			r.m.Fold(r.rev+1, []kv.Event{{Key: r.space.Session(7)}})
			r.c.Looked(r.rev + 1)
			if step := r.c.Next(r.m.View()); !step.Done || !errors.Is(r.c.Err(), session.ErrExpired) {
				r.t.Fatalf("got %+v, %v", step, r.c.Err())
			}
		},
	} {
		t.Run(says, func(t *testing.T) { story(newResting(t)) })
	}
}

// Who has rested for a pause lifts it at the most once. On a hot semaphore the call that asked for it asks again whenever
// it was lifted: if all who have rested went on lifting, nobody would ever do anything else.
func TestPause_WhoHasRestedLiftsItOnce(t *testing.T) {
	for says, lifted := range map[string]bool{"and it was asked for again": true, "in vain": false} {
		t.Run(says, func(t *testing.T) {
			r := newResting(t)
			r.c.Signal(kv.Rested)
			r.lifts()
			r.c.Committed(kv.Result{Succeeded: lifted, Revision: r.rev})
			r.paused("first")
			r.goesOn()
		})
	}
}
