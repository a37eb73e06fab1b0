package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/bench"
)

// found is a report of so many rounds, in which rates rise from system to system, from workload to workload, and from round
// to round.
func found(t *testing.T, rounds int, args ...string) *report {
	t.Helper()
	const known = "cpgate-unary,etcd-mutex,etcd-v3lock,etcd-leases,etcd-put,zookeeper,redis"
	s, err := parse(append([]string{"-rounds", fmt.Sprint(rounds), "-systems", known}, args...))
	if err != nil {
		t.Fatal(err)
	}
	r := &report{settings: s, systems: s.systems, results: map[pair]*series{}, machine: machine{memory: "8388608 kB"}}
	for range s.systems {
		r.versions = append(r.versions, "1.0")
	}
	for at, w := range s.workloads {
		for n, y := range s.systems {
			if y.does(w) {
				r.results[pair{w.name, y.name}] = made(rounds, w, y, float64(1000*(at+1)+100*n))
			}
		}
	}
	return r
}

func made(rounds int, w workload, y *system, rate float64) *series {
	s := &series{}
	for n := range rounds {
		m := measured{system: y.name, idle: 0.01, before: 1 << 20}
		changes := int64(rate) + int64(n)
		m.Result = bench.Result{
			Seconds: 1, Cycles: changes, CyclesPerSecond: rate + float64(n), ChangesOfHolder: &changes,
			Steps: []bench.Step{{Name: "lock", P50: 0.001}, {Name: "unlock", P50: 0.002}},
		}
		m.ServerCPU, m.Resident = time.Second/2, 2<<20
		if w.kind == heldLocks {
			m.held = &holding{locks: 1000, gateway: 1 << 20, member: 2 << 20, restart: time.Second}
		}
		s.good = append(s.good, m)
	}
	slices.Reverse(s.good) // so that the order tells nothing
	return s
}

func TestReport_TellsTheMedianAndTheExtent(t *testing.T) {
	r := found(t, 3, "-workloads", "W1,W2", "-systems", "cpgate-unary,redis")
	text := r.text()
	for _, want := range []string{
		"| | workload | cpgate, unary calls | Redis, redsync |\n",
		"| W1 | 1 caller, own lock | 1,001 (1,000–1,002) | 1,101 (1,100–1,102) |\n",
		"| W2 | 64 callers, own locks | 2,001 (2,000–2,002) | 2,101 (2,100–2,102) |\n",
		"| cpgate, unary calls | 1,001 | lock | 1.00 ms |",
		"8 GiB of memory",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("says nothing of %q:\n%s", want, text)
		}
	}
}

func TestReport_TellsWhatFailedAndWhatIsMissing(t *testing.T) {
	r := found(t, 1, "-workloads", "W1,W2")
	r.missing = []absent{{redisLock, errors.New("not\ninstalled | here")}}
	delete(r.results, pair{"W2", "zookeeper"})
	r.results[pair{"W1", "zookeeper"}] = &series{failed: []error{errors.New("it broke")}}
	both := r.results[pair{"W2", "etcd-mutex"}]
	both.failed = append(both.failed, errors.New("it broke once"))
	text := r.text()
	for _, want := range []string{
		"| Redis, redsync | **left out**: not installed \\| here |\n", "| failed |", "- ZooKeeper, go-zookeeper failed: it broke\n",
		"2,100, 1 failed |", "- etcd, concurrency.Mutex failed: it broke once\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("says nothing of %q:\n%s", want, text)
		}
	}
}

func TestReport_JudgesEveryAimOfWhatWasMeasured(t *testing.T) {
	r := found(t, 1)
	text := r.text()
	for _, a := range aims {
		if !strings.Contains(text, "| "+a.workload+" | ") || !strings.Contains(text, a.says) {
			t.Errorf("says nothing of %s: %s", a.workload, a.says)
		}
	}
	for _, want := range []string{
		"| W1 | unary | at least 1.6 times etcd's Mutex | 0.91 times | **no** |\n",
		"| W2 | stream | at least 4.5 times etcd's Mutex | not measured | |\n",
		"| W5 | unary | at least 0.9 times W4 | 1.25 times | yes |\n",
		"| W5 | unary | server CPU for each hand-over at most 1.2 times W4's | 0.80 times | yes |\n",
		"| W7a | unary | at most 2 % of a core above idle | 49.0 % | **no** |\n",
		"| W7a | unary | less than 8 KiB resident for each session | 0.2 KiB | yes |\n",
		"| W10 | unary | less than 1.2 KiB resident for each lock in a gateway | 1.02 KiB | yes |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("says nothing of %q:\n%s", want, text)
		}
	}
}

func TestReport_GoesBetweenItsMarks(t *testing.T) {
	page := []byte("before\n" + marksBegin + "\nold\n" + marksEnd + "\nbehind\n")
	now, err := between(page, "new\n")
	if want := "before\n" + marksBegin + "\n\nnew\n\n" + marksEnd + "\nbehind\n"; err != nil || string(now) != want {
		t.Errorf("%v, %s", err, now)
	}
	if again, err := between(now, "new\n"); err != nil || !bytes.Equal(again, now) {
		t.Errorf("%v, %s", err, again)
	}
	if _, err := between([]byte("nothing"), "new"); err == nil {
		t.Error("a page without marks was written to")
	}
}

func TestCharts_AreDrawings(t *testing.T) {
	r := found(t, 3)
	charts := r.charts()
	if len(charts) != 3 {
		t.Fatalf("%d charts", len(charts))
	}
	for _, c := range charts {
		text := c.svg()
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v\n%s", c.name, err, text)
			}
		}
		bars := 0
		for _, g := range c.groups {
			bars += len(g.bars)
		}
		if bars == 0 || strings.Count(text, "<rect ") != bars || strings.Count(text, `class="ours"`) == 0 {
			t.Errorf("%s has %d bars of %d", c.name, strings.Count(text, "<rect "), bars)
		}
	}
}

func TestSeries_TellsTheMedianOfWhatWorked(t *testing.T) {
	w := workload{kind: ownLocks}
	var s *series
	if _, ok := s.median(w); ok {
		t.Error("nothing has a median")
	}
	for n, want := range []float64{7, 3, 5, 3} { // of 7; 7, 3; 7, 3, 5; 7, 3, 5, 1
		if n == 0 {
			s = &series{}
		}
		s.good = append(s.good, measured{outcome: outcome{Result: bench.Result{CyclesPerSecond: []float64{7, 3, 5, 1}[n]}}})
		if m, ok := s.median(w); !ok || m.rate(w) != want {
			t.Errorf("the median of %d is %v, want %v", n+1, m.rate(w), want)
		}
	}
}

func TestParse_PicksWhatIsAskedFor(t *testing.T) {
	s, err := parse([]string{"-workloads", "W4,W1", "-systems", "redis"})
	if err != nil || !slices.Equal(ids(s.workloads), []string{"W1", "W4"}) || !slices.Equal(ids(s.systems), []string{"redis"}) {
		t.Errorf("%v, %+v", err, s)
	}
	if all, err := parse(nil); err != nil || len(all.workloads) != len(workloads) || len(all.systems) != len(systems) || !all.write {
		t.Errorf("%v, %+v", err, all)
	}
	for args, want := range map[string]string{
		"-workloads W99": `-workloads: there is no "W99", only W1, W2`,
		"-systems mysql": `-systems: there is no "mysql", only cpgate-`,
		"-rounds 0":      "-rounds of 1 or more",
		"-duration 0s":   "a -duration",
		"-warm-up -1s":   "want no arguments",
		"W1":             "want no arguments",
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestTurned_LetsEverybodyBegin(t *testing.T) {
	first := map[string]bool{}
	for round := range systems {
		turn := turned(systems, round)
		first[turn[0].name] = true
		if len(turn) != len(systems) {
			t.Errorf("round %d has %v", round, ids(turn))
		}
	}
	if len(first) != len(systems) {
		t.Errorf("only %v began", first)
	}
}

func TestGrouped_PutsCommasBetweenThousands(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("%v is %s, want %s", n, got, want)
		}
	}
}
