package progress_test

import (
	"errors"
	"testing"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/progress"
)

var errNo = errors.New("no")

// txn is told from others by its one condition.
func txn(n kv.Revision) kv.Txn { return kv.Txn{If: []kv.Compare{{Key: "k", Rev: n}}} }

// view is at that revision.
func view(rev kv.Revision) mirror.View {
	m := mirror.New(keys.NewSpace("cp/"))
	m.Fold(rev, nil)
	return m.View()
}

// told is what befalls a call and what it does, as one letter each.
var told = map[rune]func(c *progress.Call){
	'l': func(c *progress.Call) { c.Looks(view(1 << 40)) },
	'b': func(c *progress.Call) { c.Looked(7) }, // a barrier
	'o': func(c *progress.Call) { c.Outdate() },
	's': func(c *progress.Call) { c.Send(txn(1)) },
	't': func(c *progress.Call) { c.SendInTurn("x", txn(1)) },
	'y': func(c *progress.Call) { c.Told(kv.Result{Succeeded: true, Revision: 9}) },
	'n': func(c *progress.Call) { c.Told(kv.Result{Revision: 8}) },
	'e': func(c *progress.Call) { c.End() },
	'f': func(c *progress.Call) { c.Fail(errNo) },
	'r': func(c *progress.Call) { c.Refuse(errNo) },
	'R': func(c *progress.Call) { c.Reopen() },
}

func after(t *testing.T, letters string) *progress.Call {
	t.Helper()
	c := &progress.Call{}
	for _, l := range letters {
		told[l](c)
	}
	return c
}

func TestWhatACallKnowsOfItself(t *testing.T) {
	for _, c := range []struct {
		after                          string
		fresh, over, pending, doubtful bool
		err                            error
	}{
		{after: ""},
		{after: "l"},
		{after: "lb", fresh: true},
		{after: "lbo"},
		{after: "lbobb", fresh: true},

		// A transaction is pending until it is told of, and that is as fresh as a barrier.
		{after: "ls", pending: true, doubtful: true},
		{after: "lsy", fresh: true},
		{after: "lsn", fresh: true},
		{after: "lsnlsy", fresh: true},
		{after: "lsnls", fresh: true, pending: true, doubtful: true},

		// One that was never told of may still come after the next one was.
		{after: "lslb", fresh: true, pending: true, doubtful: true},
		{after: "lslbls", fresh: true, pending: true, doubtful: true},
		{after: "lslblsy", fresh: true, doubtful: true},
		{after: "lslblsn", fresh: true, doubtful: true},
		{after: "lslblsnlsy", fresh: true, doubtful: true},

		// Nothing is sent before it is the call's turn.
		{after: "lt"},
		{after: "ltl"},
		{after: "ltlt", pending: true, doubtful: true},
		{after: "ltltyltlty", fresh: true},

		{after: "le", over: true},
		{after: "lf", over: true, err: errNo},
		{after: "lr"}, // not before a barrier
		{after: "lbr", fresh: true, over: true, err: errNo},
		{after: "lbor"},
		{after: "lsnr", fresh: true, over: true, err: errNo},
		{after: "leR"},
		{after: "lsyeR", fresh: true},
	} {
		got := after(t, c.after)
		if got.Fresh() != c.fresh || got.Over() != c.over || got.Pending() != c.pending || got.Doubtful() != c.doubtful || got.Err() != c.err { //nolint:errorlint // this very error
			t.Errorf("after %q: fresh %v, over %v, pending %v, doubtful %v, %v",
				c.after, got.Fresh(), got.Over(), got.Pending(), got.Doubtful(), got.Err())
		}
	}
}

func TestACallLooksOnlyAtViewsThatShowWhatItKnowsOf(t *testing.T) {
	for _, c := range []struct {
		after string
		view  kv.Revision
		want  kv.Step
		looks bool
	}{
		{"", 0, kv.Step{}, true},
		{"b", 6, kv.See(7), false},
		{"b", 7, kv.Step{}, true},
		{"b", 8, kv.Step{}, true},
		{"sn", 7, kv.See(8), false},
		{"sn", 8, kv.Step{}, true},
		{"syb", 8, kv.See(9), false}, // what it knows of never grows less
		{"bo", 6, kv.See(7), false},
		{"e", 0, kv.Done, false},
		{"be", 0, kv.Done, false},
		{"bf", 9, kv.Done, false},
		{"eR", 0, kv.Step{}, true},
		{"s", 0, kv.Step{}, true}, // what is pending is not known of
	} {
		if got, looks := after(t, c.after).Looks(view(c.view)); got != c.want || looks != c.looks {
			t.Errorf("after %q, at %d: %+v, %v, want %+v, %v", c.after, c.view, got, looks, c.want, c.looks)
		}
	}
}

func TestANoWaitsForABarrier(t *testing.T) {
	c := &progress.Call{}
	if got := c.Refuse(errNo); got != kv.Barrier || c.Err() != nil {
		t.Errorf("%+v, %v", got, c.Err())
	}
	c.Looked(1)
	if got := c.Refuse(errNo); got != kv.Done || !errors.Is(c.Err(), errNo) {
		t.Errorf("%+v, %v", got, c.Err())
	}
	if got := after(t, "").Fail(errNo); got != kv.Done { // a no that stays true does not
		t.Errorf("%+v", got)
	}
	if got := after(t, "").End(); got != kv.Done {
		t.Errorf("%+v", got)
	}
}

func TestATransactionIsCommittedAtOnceOrInTurn(t *testing.T) {
	for _, c := range []struct {
		after string
		turn  bool // asked for first
	}{
		{"l", true},
		{"ltl", false},
		{"lt", true},      // not looked since
		{"ltll", true},    // looked twice: the turn is over
		{"ltltl", true},   // sent, and the next one needs another turn
		{"ltlsyl", true},  // the turn was used for something else
		{"ltleRlt", true}, // it came to an answer instead
	} {
		got := after(t, c.after).SendInTurn("x", txn(2))
		if c.turn && got != kv.Turn("x") || !c.turn && (got.Commit == nil || got.Commit.If[0].Rev != 2) {
			t.Errorf("after %q: %+v", c.after, got)
		}
	}
	if got := after(t, "l").Send(txn(3)); got.Commit == nil || got.Commit.If[0].Rev != 3 {
		t.Errorf("%+v", got)
	}
}

// A view that is too old in the call's turn costs the turn, and nothing else.
func TestATurnThatFindsAViewTooOldIsAskedForAgain(t *testing.T) {
	c := after(t, "lbt")
	if step, looks := c.Looks(view(1)); looks || step != kv.See(7) {
		t.Errorf("%+v, %v", step, looks)
	}
	c.Looks(view(7))
	if got := c.SendInTurn("x", txn(1)); got != kv.Turn("x") || c.Pending() {
		t.Errorf("%+v", got)
	}
}

func TestByItselfACallWaitsForNothingAndLeavesNothing(t *testing.T) {
	c := after(t, "lt")
	for _, s := range []kv.Signal{kv.TimedOut, kv.Left, kv.GraceOver, kv.Rested} {
		c.Signal(s)
	}
	if c.Loose() || c.Over() || c.Fresh() || c.Pending() {
		t.Errorf("%+v", c)
	}
}
