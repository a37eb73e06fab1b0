package linearizability_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate/tests/faults"
	"github.com/cpgate/cpgate/tests/linearizability"
)

var (
	histories = flag.Int("linearizability.histories", 2, "how many histories TestShort records")
	firstSeed = flag.Uint64("linearizability.seed", 1, "the seed of the first history; the next have the numbers after it")
)

const (
	// callsEach is how many calls a history has at the least.
	callsEach = 2100
	// patienceForOrder bounds the search of one order; nearly all take well under a second.
	patienceForOrder = time.Minute
	// undecidedAtMost: one part in so many may be without a verdict, on a machine that is busy with other things.
	undecidedAtMost = 20
	// patienceForDetail bounds each of the searches by which a part without an order is made small.
	patienceForDetail = 10 * time.Second
)

// kinds are the faults under which histories are recorded, in turn.
var kinds = []faults.Kind{
	faults.KillLeader, faults.IsolateLeader, faults.KillFollower, faults.PauseLeader, faults.MuteLeader,
	faults.PauseFollower, faults.DeafenLeader, faults.IsolateFollower, faults.Restart, faults.ExpiryStorm, faults.KillAll,
	faults.Shatter, faults.CatchUp, faults.ForgetWhileCutOff,
}

// All answers to all calls that were made while the cluster broke and was mended have an order.
func TestShort(t *testing.T) {
	t.Parallel()
	c := faults.Start(t, 3)
	s := newSite(t, c.Addrs())
	var sum summary
	for n := range *histories {
		seed := *firstSeed + uint64(n)
		f := c.Fault(kinds[n%len(kinds)], seed)
		sum.check(t, s.under(t, f, seed), seed, f.Kind)
		if t.Failed() {
			break
		}
	}
	t.Log(sum.String())
}

// under records what happens under a fault.
func (s *site) under(t *testing.T, f *faults.Fault, seed uint64) linearizability.History {
	t.Helper()
	return s.record(t, seed, callsEach, func(ctx context.Context) {
		sleep(ctx, time.Second)
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
		sleep(ctx, time.Second)
	})
}

// endsSessions reports whether sessions may end early under a fault. A leader that was stopped takes itself for the leader
// when it goes on, until it hears of another one, and has etcd revoke what expired while it was away: also what was
// renewed elsewhere meanwhile.
func endsSessions(k faults.Kind) bool { return k.Name == faults.PauseLeader.Name }

// summary is what was seen in several histories.
type summary struct {
	histories, calls, unknown int
	undecided                 int // parts of histories
	early                     int // sessions that ended too early
	faults                    map[string]int
	pause                     time.Duration
}

// check looks for an order of each part of a history, and keeps a part that has none.
func (s *summary) check(t *testing.T, h linearizability.History, seed uint64, under ...faults.Kind) {
	t.Helper()
	s.histories++
	for _, k := range under {
		if s.faults == nil {
			s.faults = map[string]int{}
		}
		s.faults[k.Name]++
	}
	var group errgroup.Group
	var undecided atomic.Int64
	group.SetLimit(runtime.GOMAXPROCS(0))
	s.early += h.EndedEarly()
	for _, p := range h.Parts(!slices.ContainsFunc(under, endsSessions)) {
		s.calls += p.Calls
		s.unknown += p.Unknown
		s.pause = max(s.pause, p.Pause)
		group.Go(func() error {
			err := ordered(h, p, seed)
			if errors.Is(err, errUndecided) {
				t.Logf("seed %d: %s: %v after %v", seed, p.Name, err, patienceForOrder)
				undecided.Add(1)
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Errorf("under %v: %v", under, err)
	}
	s.undecided += int(undecided.Load())
	if s.undecided > 1+s.histories*len(objects)/undecidedAtMost {
		t.Errorf("%d parts are undecided", s.undecided)
	}
	t.Logf("seed %d, %v: %v", seed, under, s)
}

// errUndecided is of a part that is too tangled: neither an order is found in time, nor that there is none.
var errUndecided = errors.New("undecided")

// ordered is an error where a part of a history has no order. Errors of different parts are kept in different folders.
func ordered(h linearizability.History, p linearizability.Part, seed uint64) error {
	switch p.Check(patienceForOrder) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return errUndecided
	}
	folder, err := keep(h, p, seed)
	return errors.Join(fmt.Errorf("seed %d: %s: the answers have no order; see %s", seed, p.Name, folder), err)
}

// keep writes what there is to see into a folder, in place of what an earlier run has kept there.
func keep(h linearizability.History, p linearizability.Part, seed uint64) (folder string, err error) {
	folder, err = filepath.Abs(filepath.Join("failed", fmt.Sprintf("seed-%d-%s", seed, strings.Map(plain, p.Name))))
	if err != nil {
		return "", err
	}
	if err := os.RemoveAll(folder); err != nil {
		return folder, err
	}
	return folder, linearizability.Keep(folder, h, p, patienceForDetail)
}

// plain makes a name good for a file.
func plain(r rune) rune {
	switch r {
	case ' ':
		return '-'
	case '"':
		return -1
	}
	return r
}

func (s *summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d histories, %d calls, %d of unknown outcome, %d parts undecided, %d sessions ended early, longest pause %v; faults:",
		s.histories, s.calls, s.unknown, s.undecided, s.early, s.pause.Round(time.Millisecond))
	var names []string
	for name := range s.faults {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, " %s %d,", name, s.faults[name])
	}
	return strings.TrimSuffix(b.String(), ",")
}
