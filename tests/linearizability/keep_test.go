package linearizability_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/cpgate/cpgate/tests/linearizability"
)

// What is kept of a failure is the whole history, and of the part that has no order no more than it takes to see that.
func TestKeep_CutsAtTheFirstAnswerThatCantBe(t *testing.T) {
	s := &story{}
	s.open(long, "a", "b")
	s.ask(2, 3, lock("a"), acquired(10, 1))
	s.ask(4, 5, lock("b"), acquired(11, 1)) // while a holds
	s.ask(6, 7, unlock("b", 11), left(0))
	s.ask(8, 20, lock("b"), acquired(12, 1))
	folder := filepath.Join(t.TempDir(), "failed")
	parts := s.Parts(true)
	if err := linearizability.Keep(folder, s.History, parts[0], time.Minute); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"history.json":  {`"LockRequest"`, `"fence": "12"`},
		"shortest.json": {"fence 10", "fence 11"},
		"shortest.html": {"fence 11", "<html"},
	} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(b), w) {
				t.Errorf("%s has no %s", name, w)
			}
		}
		if name != "history.json" && strings.Contains(string(b), "fence 12") {
			t.Errorf("%s has what came later", name)
		}
	}
}

// The beginning of a history that is whole is no failure: what was under way may have been done or not.
func TestShortest_LeavesOpenWhatWasUnderWay(t *testing.T) {
	s := &story{}
	s.open(long, "a", "b")
	s.ask(2, 3, lock("a"), acquired(10, 1))
	s.ask(4, 30, lock("b"), acquired(11, 1)) // not before a has unlocked
	s.ask(6, 7, lock("a"), acquired(10, 2))
	s.ask(8, 9, unlock("a", 10), left(1))
	s.ask(10, 11, unlock("a", 10), left(0))
	s.ask(40, 41, unlock("a", 10), left(0)) // it had unlocked
	p := s.Parts(true)[0]
	if r := p.Check(0); r != porcupine.Illegal {
		t.Fatalf("porcupine says %s", r)
	}
	folder := t.TempDir()
	if err := linearizability.Keep(folder, s.History, p, time.Minute); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(folder, "shortest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "unlock "); n != 3 {
		t.Errorf("the shortest beginning has %d unlocks, want all 3: %s", n, b)
	}
}
