package proposal_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/proposal"
)

// counted is the key whose value is counted on, as all see it.
var counted = &kv.Item{Key: "n", Value: []byte("10"), Create: 3, Mod: 7}

// adds is a step that adds to the number, which does not get below 0, and notes that under a key.
func adds(by int, note string) kv.Txn {
	onto := func(value []byte) ([]byte, bool) {
		n, _ := strconv.Atoi(string(value))
		return []byte(strconv.Itoa(n + by)), n+by >= 0
	}
	next, _ := onto(counted.Value)
	return kv.Txn{
		If:   []kv.Compare{kv.Unchanged(counted), kv.Absent(note)},
		Then: []kv.Op{kv.Put("n", next, 0), put(note)},
		Fold: &kv.Fold{Key: "n", Onto: onto},
	}
}

// also adds to a transaction.
func also(t kv.Txn, more kv.Txn) kv.Txn {
	t.If, t.Then = slices.Concat(t.If, more.If), slices.Concat(t.Then, more.Then)
	return t
}

// fold adds the transactions, and returns which of them are in, and what all do.
func fold(all ...kv.Txn) (in []int, t kv.Txn) {
	var f proposal.Fold
	for n, one := range all {
		if _, ok := f.Add(one); ok {
			in = append(in, n)
		}
	}
	return in, f.Txn()
}

func TestEachStepIsTakenFromWhereTheOnesBeforeItHaveCome(t *testing.T) {
	in, all := fold(adds(-4, "a"), adds(-4, "b"), adds(+1, "c"), adds(-4, "d"), adds(-3, "e"))
	if !slices.Equal(in, []int{0, 1, 2, 4}) {
		t.Errorf("in are %v", in)
	}
	wantIf := []kv.Compare{kv.Unchanged(counted), kv.Absent("a"), kv.Absent("b"), kv.Absent("c"), kv.Absent("e")}
	if !slices.Equal(all.If, wantIf) {
		t.Errorf("on condition of %+v", all.If)
	}
	var got []string
	for _, o := range all.Then {
		got = append(got, o.Key+"="+string(o.Value))
	}
	if want := []string{"n=0", "a=", "b=", "c=", "e="}; !slices.Equal(got, want) {
		t.Errorf("puts %v", got)
	}
}

func TestAStepIsLeftOutThatIsInConflictWithOneBeforeIt(t *testing.T) {
	elsewhere := adds(1, "b")
	elsewhere.Fold = &kv.Fold{Key: "m", Onto: elsewhere.Fold.Onto}
	alone, apart, bare := adds(1, "b"), adds(1, "b"), adds(1, "b")
	alone.Fold, apart.Apart, bare.Then = nil, "x", bare.Then[1:]
	later := adds(1, "b")
	later.If[0].Rev++
	ticket := also(adds(-1, "a"), do(kv.Delete("x/1")))
	for what, c := range map[string]struct {
		first, second kv.Txn
		in            bool
	}{
		"nothing in common":                     {adds(1, "a"), adds(1, "b"), true},
		"one request twice":                     {adds(1, "a"), adds(1, "a"), false},
		"of another key":                        {adds(1, "a"), elsewhere, false},
		"no step":                               {adds(1, "a"), alone, false},
		"one that is to be apart":               {adds(1, "a"), apart, false},
		"one that does not put the key":         {adds(1, "a"), bare, false},
		"decided on another state":              {adds(1, "a"), later, false},
		"a condition on what is deleted":        {ticket, also(adds(1, "b"), on(kv.Exists("x/1"))), false},
		"a condition on a range of it":          {ticket, also(adds(1, "b"), on(kv.Empty("x/"))), false},
		"the same that deletes it":              {also(ticket, on(kv.Empty("x/"))), also(adds(1, "b"), on(kv.Empty("x/"))), false},
		"a deletion of a condition":             {also(adds(1, "b"), on(kv.Exists("x/1"))), ticket, false},
		"a deletion in a range of a condition":  {also(adds(1, "b"), on(kv.Empty("x/"))), ticket, false},
		"one condition that both have":          {also(adds(1, "a"), on(kv.Empty("x/"))), also(adds(1, "b"), on(kv.Empty("x/"))), true},
		"one key deleted by both":               {also(adds(1, "a"), do(kv.Delete("o"))), also(adds(1, "b"), do(kv.Delete("o"))), true},
		"one key deleted by both, as it was":    {also(adds(1, "a"), do(kv.Delete("o"))), also(adds(1, "b"), kv.Txn{If: []kv.Compare{kv.Exists("o")}, Then: []kv.Op{kv.Delete("o")}}), false},
		"one key put and deleted":               {also(adds(1, "a"), do(put("o"))), also(adds(1, "b"), do(kv.Delete("o"))), false},
		"one key deleted and put":               {also(adds(1, "a"), do(kv.Delete("o"))), also(adds(1, "b"), do(put("o"))), false},
		"one that deletes a range":              {adds(1, "a"), also(adds(1, "b"), do(kv.DeleteAll("x/"))), false},
		"a ticket, and who does not ask for it": {ticket, adds(1, "b"), true},
	} {
		in, _ := fold(c.first, c.second)
		if got := slices.Equal(in, []int{0, 1}); got != c.in {
			t.Errorf("%s: in are %v", what, in)
		}
	}
}

func TestAFoldIsNoLargerThanAnEtcdWithItsDefaultsTakes(t *testing.T) {
	var f proposal.Fold
	asked := 0
	for ; !f.Full() && asked < 1000; asked++ {
		n := fmt.Sprint(asked)
		if _, ok := f.Add(also(adds(1, n), do(kv.Delete("x"+n), kv.Delete("y"+n)))); !ok {
			t.Errorf("the one before %d in %+v is not in", asked, f.Txn())
		}
	}
	if n := len(f.Txn().Then); n < 100 || n > 127 {
		t.Errorf("%d are asked, and do %d things", asked, n)
	}
	wide := adds(1, "wide")
	for n := range 60 {
		wide = also(wide, do(put(fmt.Sprint("w", n))))
	}
	if _, ok := f.Add(wide); ok {
		t.Errorf("%d things go together", len(f.Txn().Then))
	}
	big := func(note string) kv.Txn { return also(adds(1, note), do(kv.Put("v"+note, make([]byte, 600<<10), 0))) }
	if in, _ := fold(big("a"), big("b"), adds(1, "c")); !slices.Equal(in, []int{0, 2}) {
		t.Errorf("of the big ones in are %v", in)
	}
}

// state is what a model of etcd holds: values by key.
type state map[string]string

// holds reports whether the conditions of the kinds that someStep uses do, save that on the number, which stands for where
// all steps start.
func (s state) holds(t kv.Txn) bool {
	return !slices.ContainsFunc(t.If, func(c kv.Compare) bool {
		_, there := s[c.Key]
		switch {
		case c.Key == "n":
			return false
		case c.Prefix:
			return slices.ContainsFunc(slices.Collect(maps.Keys(s)), func(k string) bool { return strings.HasPrefix(k, c.Key) })
		}
		return there != (c.Is == kv.Greater)
	})
}

func (s state) does(t kv.Txn) {
	for _, o := range t.Then {
		if o.Delete {
			delete(s, o.Key)
		} else {
			s[o.Key] = string(o.Value)
		}
	}
}

// someStep is a random step on few keys.
func someStep(r *rand.Rand) kv.Txn {
	key := func() string { return []string{"", "a/"}[r.IntN(2)] + fmt.Sprint(r.IntN(12)) }
	t := kv.Txn{Then: adds(r.IntN(9)-4, "").Then[:1], Fold: adds(r.IntN(9)-4, "").Fold}
	t.Then[0].Value, _ = t.Fold.Onto(counted.Value)
	t.If = []kv.Compare{kv.Unchanged(counted)}
	for range r.IntN(2) {
		t.If = append(t.If, []kv.Compare{kv.Absent(key()), kv.Exists(key()), kv.Empty("a/")}[r.IntN(3)])
	}
	if k := key(); r.IntN(2) == 0 {
		t.Then = append(t.Then, []kv.Op{put(k), kv.Delete(k)}[r.IntN(2)])
	}
	return t
}

// What is folded does what its steps do, one after the other, each on condition of what it finds.
func TestAFoldIsAsItsStepsOneAfterTheOther(t *testing.T) {
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 2))
		before := state{"n": string(counted.Value)}
		for n := range 12 {
			if r.IntN(3) == 0 {
				before[fmt.Sprint([]string{"", "a/"}[r.IntN(2)], n)] = ""
			}
		}
		var f proposal.Fold
		after, done := maps.Clone(before), true
		for range 6 {
			one := someStep(r)
			step, ok := f.Add(one)
			if !ok {
				continue
			}
			done = done && after.holds(one)
			next := maps.Clone(after)
			next.does(one)
			value, fits := one.Fold.Onto([]byte(after["n"]))
			if next["n"] = string(value); !fits {
				t.Fatalf("seed %d: in is what comes to %q", seed, value)
			}
			if after.does(step); !maps.Equal(after, next) {
				t.Fatalf("seed %d: a step comes to %v, want %v", seed, after, next)
			}
		}
		if got := before.holds(f.Txn()); got != done {
			t.Fatalf("seed %d: of all conditions %v, of one after the other %v: %+v", seed, got, done, f.Txn())
		}
		if before.does(f.Txn()); done && !maps.Equal(before, after) {
			t.Fatalf("seed %d: all come to %v, one after the other to %v", seed, before, after)
		}
	}
}
