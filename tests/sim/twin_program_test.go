package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// twins are the real semaphores and latches beside the dumb ones.
type twins struct {
	rng        *rand.Rand
	real       *machine
	semaphores map[keys.Name]*dumbSemaphore
	latches    map[keys.Name]*dumbLatch
	sessions   []session.ID
	dead       []session.ID
	pairs      []*pair  // of calls that wait
	again      []func() // what may be asked once more
	next       int
	log        []string
	failure    string
}

// pair is a call beside its twin.
type pair struct {
	dumb    *dumbCall
	real    *walk
	timeOut func()
	retry   func()
	cancel  func()
}

var twinNames = []keys.Name{"n", "m", "m/n", "o", "p"}

const twinSessions = 10

func newTwins(seed uint64) *twins {
	w := &twins{
		rng: rand.New(rand.NewPCG(seed, 2)), real: newMachine(),
		semaphores: map[keys.Name]*dumbSemaphore{}, latches: map[keys.Name]*dumbLatch{},
	}
	for _, n := range twinNames {
		w.semaphores[n], w.latches[n] = &dumbSemaphore{}, &dumbLatch{}
	}
	for range twinSessions {
		w.open()
	}
	return w
}

func (w *twins) open() {
	id := session.ID(0x100 + len(w.sessions) + len(w.dead))
	w.real.open(id)
	w.sessions = append(w.sessions, id)
}

// expire ends a session in both.
func (w *twins) expire() {
	n := w.rng.IntN(len(w.sessions))
	id := w.sessions[n]
	w.tell("session %s ends", id)
	w.sessions = slices.Delete(w.sessions, n, n+1)
	w.dead = append(w.dead, id)
	for _, s := range w.semaphores {
		s.remove("expired", func(t *dumbTicket) bool { return t.sid == id })
	}
	w.real.expire(id)
	w.open()
}

func (w *twins) tell(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

// step does one thing.
func (w *twins) step() {
	n := twinNames[w.rng.IntN(len(twinNames))]
	switch k := w.rng.IntN(100); {
	case k < 3:
		w.expire()
	case k < 15 && len(w.pairs) > 0:
		w.disturb(w.pairs[w.rng.IntN(len(w.pairs))])
	case k < 20 && len(w.again) > 0:
		w.again[w.rng.IntN(len(w.again))]()
	case k < 70:
		w.semaphore(n)
	default:
		w.latch(n)
	}
}

// disturb does something to a call that waits.
func (w *twins) disturb(p *pair) {
	all := []func(){p.timeOut}
	if p.retry != nil {
		all = append(all, p.retry, p.cancel)
	}
	all[w.rng.IntN(len(all))]()
}

// beside notes a call with its twin.
func (w *twins) beside(dumb *dumbCall, its *walk) *pair {
	p := &pair{dumb: dumb, real: its}
	w.pairs = append(w.pairs, p)
	return p
}

// compare holds the real ones against the dumb ones.
func (w *twins) compare() {
	for _, p := range w.pairs {
		got := ""
		if p.real.done {
			got = p.real.answer()
		}
		if got != p.dumb.answer {
			w.failf("answered %q, want %q", got, p.dumb.answer)
		}
	}
	w.pairs = slices.DeleteFunc(w.pairs, func(p *pair) bool { return p.real.done })
	v := w.real.mirrors[0].View()
	for _, n := range twinNames {
		s, err := semaphore.Describe(v, n)
		if got, want := describe(s), w.semaphores[n].String(); got != want || err != nil {
			w.failf("%s is\n%s, %v, want\n%s", n, got, err, want)
		}
		l := w.latches[n]
		record, _, remaining, there := v.Latch("cp/latch/" + strings.ReplaceAll(string(n), "/", "%2F") + "/")
		if there != l.there || int64(remaining) != l.remaining || there && record.Mod != revisionOf(l.round) {
			w.failf("latch %s: %d remain, want %s", n, remaining, l)
		}
	}
	if w.real.etcd.foul != "" {
		w.failf("%s", w.real.etcd.foul)
	}
}

func (w *twins) failf(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
	}
}

// describe tells of a semaphore as its twin does.
func describe(s semaphore.State) string {
	text := fmt.Sprintf("%v %v: %d, %d available; holds", s.Initialized, s.Sessionless, s.Permits, s.Available)
	for _, h := range s.Holders {
		text += fmt.Sprintf(" %s: %d", h.Session, h.Permits)
	}
	text += "; waits"
	for _, t := range s.Waiters {
		text += fmt.Sprintf(" %d. %s %s: %d", t.Position, t.Caller.Session, t.Caller.Owner, t.Permits)
	}
	return text
}

// errorText is what the twins call an error.
func errorText(err error) string {
	var kind *semaphore.KindError
	for text, e := range map[string]error{
		"expired": session.ErrExpired, "destroyed": semaphore.ErrDestroyed, "cancelled": semaphore.ErrWaitCancelled,
		"not initialized": semaphore.ErrNotInitialized, "not held": semaphore.ErrPermitsNotHeld,
		"out of range": semaphore.ErrOutOfRange, "future round": countdownlatch.ErrFutureRound,
	} {
		if errors.Is(err, e) {
			return text
		}
	}
	switch {
	case errors.As(err, &kind):
		return "wrong kind"
	case errors.Is(err, countdownlatch.ErrDestroyed):
		return "destroyed"
	}
	return err.Error()
}

// program is how many steps a program has.
const program = 60

// runTwins runs one random program in both.
func runTwins(seed uint64, breakIt breaks) *twins {
	w := newTwins(seed)
	if breakIt != nil {
		var broken world
		breakIt(&broken)
		w.real.mutate = broken.mutate
	}
	for range program {
		w.step()
		if w.compare(); w.failure != "" {
			break
		}
	}
	return w
}

func TestSemaphoresAndLatchesAreAlwaysAsTheirDumbTwins(t *testing.T) {
	inChunks(t, 2_000, func(t *testing.T, seed uint64) {
		if w := runTwins(seed, nil); w.failure != "" {
			t.Errorf("seed %d: %s\n%s\nonce more: go test ./tests/sim -run Twins -sim.seed=%d -sim.runs=1",
				seed, w.failure, strings.Join(w.log, "\n"), seed)
		}
	})
}

// The twins have teeth too.
func TestTwinsNoticeWhatIsBroken(t *testing.T) {
	for name, breakIt := range map[string]breaks{
		"release without its memo":   omits(remembers("released")),
		"change without its memo":    omits(remembers("changed")),
		"put that forgets the lease": forgetLease,
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(500) {
				if w := runTwins(seed, breakIt); w.failure != "" {
					t.Logf("seed %d: %s", seed, w.failure)
					return
				}
			}
			t.Error("500 programs saw nothing wrong")
		})
	}
}
