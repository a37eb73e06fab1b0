package proposal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/proposal"
)

type entry = proposal.Entry[int]

// queue numbers the transactions as they come.
type queue struct {
	proposal.Queue[int]
	came int
}

func (q *queue) add(all ...kv.Txn) {
	for _, t := range all {
		q.Add(proposal.NewEntry(t, q.came))
		q.came++
	}
}

// next returns the numbers of the transactions of the next proposal, which is answered at once where it is to be.
func (q *queue) next(answered bool) (numbers []int) {
	for _, e := range q.Next() {
		numbers = append(numbers, e.By)
		if answered {
			q.Done(e)
		}
	}
	return numbers
}

func (q *queue) wants(t *testing.T, want ...int) {
	t.Helper()
	got := q.next(true)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%v go, want %v", got, want)
	}
}

func TestWhateverWaitsGoesTogether(t *testing.T) {
	var q queue
	q.wants(t)
	q.add(do(put("a")), do(put("b")), do(put("c")))
	q.wants(t, 0, 1, 2)
	q.wants(t)
}

func TestThoseInConflictGoOneAfterTheOtherInTheOrderInWhichTheyCame(t *testing.T) {
	var q queue
	q.add(do(put("x")), do(put("x")), do(put("y")), do(put("x")))
	q.wants(t, 0, 2)
	q.wants(t, 1)
	q.wants(t, 3)
}

func TestNothingGoesWhileWhatItIsInConflictWithIsUnderWay(t *testing.T) {
	var q queue
	q.add(do(put("x")))
	first := q.Next()
	q.add(do(put("x")), do(put("y")))
	q.wants(t, 2)
	q.wants(t)
	q.Done(first[0])
	q.wants(t, 1)
}

// A condition on a whole folder waits for the puts in it that came before, and those that came later wait for it.
func TestNobodyIsOvertakenByThoseInConflictWithIt(t *testing.T) {
	var q queue
	both := do(put("x/1"), put("y/1"))
	all := kv.Txn{If: []kv.Compare{kv.Empty("x/")}, Then: []kv.Op{put("z")}}
	q.add(do(put("x/2")), both, all, do(put("x/3")), do(put("y/2")), do(put("y/1")))
	q.wants(t, 0, 1, 4)
	q.wants(t, 2, 5)
	q.wants(t, 3)
}

func TestWhatPutsNothingGoesApart(t *testing.T) {
	var q queue
	spare := put("s")
	spare.Spare = true
	q.add(do(put("a")), do(kv.Delete("b")), do(kv.Delete("c"), put("d")), kv.Settle("e"), do(spare))
	q.wants(t, 0, 2, 4)
	q.wants(t, 1, 3)
}

func TestAProposalIsOfAHundredAtTheMost(t *testing.T) {
	var q queue
	for n := range 250 {
		q.add(do(put(fmt.Sprint(n))))
	}
	for _, want := range []int{100, 100, 50, 0} {
		if got := len(q.next(true)); got != want {
			t.Errorf("%d go, want %d", got, want)
		}
	}
}

// wide has so many conditions, and its number for a key.
func wide(n, width int) kv.Txn {
	t := do(put(fmt.Sprint("n/", n)))
	for i := range width {
		t.If = append(t.If, kv.Absent(fmt.Sprintf("w/%d/%d", n, i)))
	}
	return t
}

func TestAnEtcdWithItsDefaultsTakesWhatGoesTogether(t *testing.T) {
	var q queue
	for n := range 100 {
		q.add(wide(n, 64))
	}
	if got := len(q.next(true)); got != 64 { // and 64 wide
		t.Errorf("%d go", got)
	}
	if got := len(q.next(true)); got != 36 {
		t.Errorf("%d go", got)
	}
	big := func(n int) kv.Txn { return do(kv.Put(fmt.Sprint(n), make([]byte, 300<<10), 0)) }
	q = queue{}
	q.add(big(0), big(1), big(2), big(3), big(4))
	q.wants(t, 0, 1, 2)
	q.wants(t, 3, 4)
}

// A large one lets others go that came later, until it is the first that can go.
func TestALargeOneGoesAloneAndNotLast(t *testing.T) {
	var q queue
	small := func(n int) kv.Txn { return do(put(fmt.Sprint(n))) }
	q.add(small(0), wide(1, 10_000), small(2), do(kv.Put("big", make([]byte, 4<<20), 0)), small(4))
	q.wants(t, 0, 2, 4)
	q.add(small(5), small(6))
	q.wants(t, 1)
	q.add(small(7))
	q.wants(t, 3)
	q.wants(t, 5, 6, 7)
}

// twin is a queue without any cleverness: it looks at each pair.
type twin struct {
	txns    []kv.Txn
	under   []int
	waiting []int
}

func (w *twin) came(t kv.Txn) {
	w.waiting = append(w.waiting, len(w.txns))
	w.txns = append(w.txns, t)
}

// goes notes that one goes; it returns why that may not be.
func (w *twin) goes(n int) string {
	i := slices.Index(w.waiting, n)
	if i < 0 {
		return "it does not wait"
	}
	for _, o := range slices.Concat(w.under, w.waiting[:i]) {
		if conflict(w.txns[n], w.txns[o]) {
			return fmt.Sprintf("%d came before, and is not answered: %+v", o, w.txns[o])
		}
	}
	w.waiting = slices.Delete(w.waiting, i, i+1)
	w.under = append(w.under, n)
	return ""
}

func conflict(a, b kv.Txn) bool {
	return a.Apart != "" && a.Apart == b.Apart || disturbs(a, b) || disturbs(b, a)
}

// disturbs reports whether a writes what b writes or compares.
func disturbs(a, b kv.Txn) bool {
	for _, o := range a.Then {
		if slices.ContainsFunc(b.Then, func(w kv.Op) bool { return meet(o.Key, o.Prefix, w.Key, w.Prefix) }) ||
			slices.ContainsFunc(b.If, func(c kv.Compare) bool {
				leaves := o.Delete && !o.Prefix && c.Is == kv.Less // what goes is not what has come
				return !leaves && meet(o.Key, o.Prefix, c.Key, c.Prefix)
			}) {
			return true
		}
	}
	return false
}

// meet reports whether two keys, or ranges, have a key in common.
func meet(a string, all bool, b string, every bool) bool {
	return a == b || all && strings.HasPrefix(b, a) || every && strings.HasPrefix(a, b)
}

// some is a random transaction on few keys.
func some(r *rand.Rand) (t kv.Txn) {
	folder := func() string { return []string{"", "a/", "a/b/", "c/"}[r.IntN(4)] }
	key := func() string { return folder() + fmt.Sprint(r.IntN(6)) }
	for range r.IntN(4) {
		c := []kv.Compare{kv.Absent(key()), kv.Exists(key()), kv.Unchanged(at(key())), kv.Empty(folder()), kv.NoneSince(folder(), 3)}
		t.If = append(t.If, c[r.IntN(len(c))])
	}
	for range r.IntN(3) {
		o := []kv.Op{put(key()), put(key()), kv.Delete(key()), kv.Delete(key()), kv.DeleteAll(folder())}
		t.Then = append(t.Then, o[r.IntN(len(o))])
	}
	if r.IntN(4) == 0 {
		t.Apart = key()
	}
	return t
}

func TestTheQueueKeepsApartWhatATwinFindsInConflictAndComesToItsEnd(t *testing.T) {
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 0))
		var q proposal.Queue[int]
		var w twin
		var under []*entry
		for left := 40; left > 0 || len(w.waiting) > 0 || len(under) > 0; {
			switch r.IntN(3) {
			case 0:
				if left > 0 {
					left--
					w.came(some(r))
					q.Add(proposal.NewEntry(w.txns[len(w.txns)-1], len(w.txns)-1))
				}
			case 1:
				group := q.Next()
				if len(group) == 0 && len(under) == 0 && len(w.waiting) > 0 {
					t.Fatalf("seed %d: nothing is under way, and %v wait for ever", seed, w.waiting)
				}
				for _, e := range group {
					if why := w.goes(e.By); why != "" {
						t.Fatalf("seed %d: %d goes, and %s", seed, e.By, why)
					}
				}
				under = append(under, group...)
			case 2:
				if len(under) > 0 {
					n := r.IntN(len(under))
					q.Done(under[n])
					w.under = slices.DeleteFunc(w.under, func(o int) bool { return o == under[n].By })
					under = slices.Delete(under, n, n+1)
				}
			}
		}
	}
}

// What is in no conflict goes together, however it is spelled.
func TestWhatATwinFindsInNoConflictGoesTogether(t *testing.T) {
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var q proposal.Queue[int]
		var all []kv.Txn
		for range 30 {
			next := some(r)
			if !next.Puts() || slices.ContainsFunc(all, func(o kv.Txn) bool { return conflict(next, o) }) {
				continue
			}
			q.Add(proposal.NewEntry(next, len(all)))
			all = append(all, next)
		}
		if got := len(q.Next()); got != len(all) {
			t.Fatalf("seed %d: %d of %d go together: %+v", seed, got, len(all), all)
		}
	}
}
