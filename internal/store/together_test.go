package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// adder is a call that adds to the number x in its turn, together with others of its kind, and leaves a note of that. It is
// done when the note is there, or when the number would get below 0.
type adder struct {
	*call
	e    *etcd
	by   int
	note kv.Op
	turn bool // asked for
}

func (e *etcd) adder(name string, by int) *adder {
	a := &adder{call: &call{}, e: e, by: by, note: kv.Put(e.key("note/"+name), nil, 0)}
	a.keys = []string{a.note.Key}
	a.next = func(v mirror.View) kv.Step {
		var last kv.Result
		if n := len(a.results); n > 0 {
			last = a.results[n-1]
		}
		if v.Revision() < last.Revision {
			return kv.See(last.Revision)
		}
		x := v.Get(e.key("x"))
		next, ok := a.onto(x.Value)
		if v.Get(a.note.Key) != nil || !ok || last.Succeeded {
			return kv.Done
		}
		if a.turn = !a.turn; a.turn {
			return kv.Step{Turn: x.Key, Folds: true}
		}
		return kv.Commit(kv.Txn{
			If:   []kv.Compare{kv.Unchanged(x), kv.Absent(a.note.Key)},
			Then: []kv.Op{kv.Put(x.Key, next, 0), a.note},
			Fold: &kv.Fold{Key: x.Key, Onto: a.onto},
		})
	}
	return a
}

func (a *adder) onto(value []byte) ([]byte, bool) {
	n, _ := strconv.Atoi(string(value))
	return []byte(strconv.Itoa(n + a.by)), n+a.by >= 0
}

// crowd is calls that wait for one turn.
type crowd struct {
	t    *testing.T
	e    *etcd
	s    *store.Store
	l    *lostAnswers
	ends []<-chan error
}

// gather has x be so many, and one call commit, which is held up, that takes 1 of them.
func gather(t *testing.T, x int) *crowd {
	t.Helper()
	e, l := on(t, shared), &lostAnswers{}
	c := &crowd{t: t, e: e, s: e.open(t, l.on), l: l}
	e.put(t, "x", strconv.Itoa(x))
	e.fresh(t, c.s, "x")
	l.before.close()
	c.joins(t.Context(), e.adder("first", -1).call)
	eventually(t, "the first one's commit", func() bool { return l.before.count() == 1 })
	return c
}

// joins has the calls wait for the turn, in their order.
func (c *crowd) joins(ctx context.Context, all ...*call) {
	c.t.Helper()
	for _, one := range all {
		c.ends = append(c.ends, run(ctx, c.s, one, nil))
		eventually(c.t, "one more in line", func() bool { return c.s.Turns()[c.e.key("x")] == len(c.ends) })
	}
}

// uncounted are transactions that may be more or fewer.
const uncounted = -1

// goesOn lets all end, and wants x to be so many then, after so many transactions, that of the first one included.
func (c *crowd) goesOn(x, txns int) (errs []error) {
	c.t.Helper()
	c.l.before.open()
	for _, end := range c.ends {
		errs = append(errs, receive(c.t, end, "end"))
	}
	if got := c.e.stored(c.t, "x"); got != strconv.Itoa(x) || txns != uncounted && c.l.count() != txns {
		c.t.Errorf("x is %s after %d transactions, want %d after %d", got, c.l.count(), x, txns)
	}
	noTurns(c.t, c.s)
	return errs
}

// succeed wants nobody to have ended with an error.
func (c *crowd) succeed(errs []error) {
	c.t.Helper()
	if err := errors.Join(errs...); err != nil {
		c.t.Error(err)
	}
}

func TestStepsOfOneValueAreCommittedAsOne(t *testing.T) {
	t.Parallel()
	c := gather(t, 100)
	const n = 40
	var all []*adder
	for i := range n {
		all = append(all, c.e.adder(fmt.Sprint(i), 1-i%3))
		c.joins(t.Context(), all[i].call)
	}
	c.succeed(c.goesOn(100, 2))
	for i, a := range all {
		if len(a.results) != 1 || a.results[0] != all[0].results[0] || c.e.stored(t, fmt.Sprint("note/", i)) != "" {
			t.Errorf("%d: %+v", i, a.results)
		}
		if c.e.item(t, c.s, fmt.Sprint("note/", i)) == nil {
			t.Errorf("%d has left no note", i)
		}
	}
}

func TestAStepThatDoesNotFitFailsAloneAndLooksBehindTheOthers(t *testing.T) {
	t.Parallel()
	c := gather(t, 3)
	took, refused, gave, also, notes := c.e.adder("a", -2), c.e.adder("b", -2), c.e.adder("c", 1), c.e.adder("d", -1), c.e.adder("e", -1)
	done := notes.next
	notes.next = func(v mirror.View) kv.Step {
		if notes.nexts >= 2 {
			return kv.Done // it wants nothing any more when it is asked
		}
		return done(v)
	}
	c.joins(t.Context(), took.call, refused.call, notes.call, gave.call, also.call)
	c.succeed(c.goesOn(0, 2))
	rev := took.results[0].Revision
	for _, a := range []*adder{took, gave, also} {
		if len(a.results) != 1 || a.results[0] != (kv.Result{Succeeded: true, Revision: rev}) {
			t.Errorf("%+d is told %+v", a.by, a.results)
		}
	}
	if len(refused.results) != 1 || refused.results[0] != (kv.Result{Revision: rev}) || refused.asked() < 3 {
		t.Errorf("who does not fit is told %+v, and asked %d times", refused.results, refused.asked())
	}
	if len(notes.results) != 0 || notes.asked() != 3 {
		t.Errorf("who wants nothing is told %+v, and asked %d times", notes.results, notes.asked())
	}
}

func TestAStepThatEtcdRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	c := gather(t, 9)
	bad := c.e.adder("bad", -1)
	bad.note.Lease = 0x7b // gone
	c.joins(t.Context(), c.e.adder("a", -1).call, bad.call, c.e.adder("b", -2).call)
	errs := c.goesOn(5, uncounted) // each is tried alone then; behind a they find x changed, and try again, together or not
	if !errors.Is(errs[2], rpctypes.ErrLeaseNotFound) {
		t.Errorf("refused for %v", errs[2])
	}
	errs[2] = nil
	c.succeed(errs)
}

func TestEachStepIsLookedForWhenTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, lost := range []error{rpctypes.ErrTimeout, rpctypes.ErrNoSpace} {
		c := gather(t, 9)
		c.l.lose(1, lost)
		a, b := c.e.adder("a", -1), c.e.adder("b", -2)
		c.joins(t.Context(), a.call, b.call)
		c.succeed(c.goesOn(5, 2))
		for _, one := range []*adder{a, b} {
			if len(one.results) != 0 || len(one.looked) != 1 {
				t.Errorf("told %v, looked at %v", one.results, one.looked)
			}
		}
	}
}

func TestWhoLeavesWhileItsStepIsUnderWayIsToldOfIt(t *testing.T) {
	t.Parallel()
	c := gather(t, 9)
	ctx, leave := context.WithCancel(t.Context())
	leaves := c.e.adder("b", -2)
	asks := leaves.next
	leaves.next = func(v mirror.View) kv.Step {
		if leaves.nexts == 2 { // it is asked what it wants committed, by the one whose turn it is
			leave()
		}
		return asks(v)
	}
	c.joins(t.Context(), c.e.adder("a", -1).call)
	c.joins(ctx, leaves.call)
	c.joins(t.Context(), c.e.adder("c", -1).call)
	errs := c.goesOn(4, 2)
	if !errors.Is(errs[2], context.Canceled) || len(leaves.results) != 1 || !leaves.results[0].Succeeded {
		t.Errorf("told %+v, and ended with %v", leaves.results, errs[2])
	}
	errs[2] = nil
	c.succeed(errs)
}

func TestNobodyIsOvertakenByStepsThatGoTogether(t *testing.T) {
	t.Parallel()
	c := gather(t, 9)
	before, alone, behind, last := c.e.adder("a", 1), counts(c.e, "x"), c.e.adder("c", 1), c.e.adder("d", 1)
	c.joins(t.Context(), before.call, alone, behind.call, last.call)
	c.succeed(c.goesOn(12, 4))
	if a, b, c := before.results[0].Revision, alone.results[0].Revision, behind.results[0].Revision; a >= b || b >= c || c != last.results[0].Revision {
		t.Errorf("committed in %d, %d, %d and %d", a, b, c, last.results[0].Revision)
	}
}
