package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// Whoever finds, once it is its turn, that it has nothing to commit just now does not keep others from what it would
// have to wait for.
func TestWhoComesToWaitLetsTheNextOneHaveItsTurn(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	e.put(t, "there", "1")
	there := e.item(t, s, "there")
	for what, step := range map[string]kv.Step{
		"a wait": kv.Wait,
		"a rest": {Rest: &kv.Rest{While: there, For: time.Hour}},
		"a view": kv.See(1 << 60),
	} {
		c := &call{keys: []string{e.key("mine")}, next: steps(kv.Turn(e.key("x")), step, kv.Done)}
		ctx, leave := context.WithCancel(t.Context())
		done := run(ctx, s, c, nil)
		eventually(t, what, func() bool { return c.asked() == 2 })
		other := counts(e, "x")
		if err := receive(t, run(t.Context(), s, other, nil), "end of who comes behind "+what); err != nil {
			t.Errorf("behind %s: %v", what, err)
		}
		leave()
		if err := receive(t, done, "end"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	noTurns(t, s)
}

func TestACallThatIsDoneInItsTurnIsDone(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	for range 3 {
		c := &call{next: steps(kv.Turn(e.key("x")), kv.Done, kv.Done)}
		if err := receive(t, run(t.Context(), s, c, nil), "end"); err != nil || c.asked() > 3 {
			t.Errorf("asked %d times, %v", c.asked(), err)
		}
	}
	noTurns(t, s)
}

func TestEachStepTakenInATurnIsTold(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	rev := e.put(t, "y", "1")
	c := &call{next: steps(
		kv.Turn(e.key("x")), kv.Barrier,
		kv.Turn(e.key("x")), kv.Turn(e.key("y")), kv.Turn(e.key("y")),
		kv.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), nil, 0)}}), kv.Done,
	)}
	if err := receive(t, run(t.Context(), s, c, nil), "end"); err != nil {
		t.Error(err)
	}
	if len(c.looked) != 1 || c.looked[0] < rev || len(c.results) != 1 || !c.results[0].Succeeded {
		t.Errorf("looked at %v, told %v", c.looked, c.results)
	}
	noTurns(t, s)
}

func TestATurnEndsWithACommitThatFails(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	for _, txn := range []kv.Txn{
		{If: []kv.Compare{kv.Exists(e.key("nothing"))}, Then: []kv.Op{kv.Put(e.key("x"), nil, 0)}},
		{Then: []kv.Op{kv.Put(e.key("x"), nil, 0), kv.Put(e.key("x"), nil, 0)}}, // an error
	} {
		c := &call{next: steps(kv.Turn(e.key("x")), kv.Commit(txn), kv.Done)}
		err := receive(t, run(t.Context(), s, c, nil), "end")
		if (err == nil) != (len(c.results) == 1) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("told %v, %v", c.results, err)
		}
		noTurns(t, s)
	}
}

// What came of the transaction is looked for in the call's turn too: the next one must see it.
func TestACommitInTurnWhoseAnswerIsLostIsLookedFor(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{errs: []error{errors.New("who knows")}}
	s := e.open(t, l.on)
	c := &call{}
	c.next = func(v mirror.View) kv.Step {
		switch {
		case e.value(v, "x") != "":
			return kv.Done
		case c.nexts == 1:
			return kv.Turn(e.key("x"))
		}
		return kv.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), []byte("1"), 0)}})
	}
	if err := receive(t, run(t.Context(), s, c, nil), "end"); err != nil || l.count() != 1 || c.asked() != 3 || len(c.looked) != 1 {
		t.Errorf("%d transactions, asked %d times, looked at %v, %v", l.count(), c.asked(), c.looked, err)
	}
	noTurns(t, s)
}
