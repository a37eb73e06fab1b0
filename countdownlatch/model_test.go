package countdownlatch_test

import (
	"fmt"
	"testing"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// model is an etcd whose mirror is never late, in memory: calls are taken through it step by step, so that a test says
// what happens between any two.
type model struct {
	t      *testing.T
	space  keys.Space
	mirror *mirror.Mirror
}

func newModel(t *testing.T) *model {
	space := keys.NewSpace("cp/")
	return &model{t, space, mirror.New(space)}
}

// shelf is the lease of all memos.
const shelf kv.LeaseID = 0x7a

// commit does what etcd does.
func (m *model) commit(t kv.Txn) kv.Result {
	for _, c := range t.If {
		i, rev := m.mirror.Get(c.Key), kv.Revision(0)
		switch {
		case i != nil && c.Target == kv.Mod:
			rev = i.Mod
		case i != nil:
			rev = i.Create
		}
		if c.Prefix || c.Is == kv.Less {
			m.t.Fatalf("the model knows no %+v", c)
		}
		if c.Is == kv.Equal && rev != c.Rev || c.Is == kv.Greater && rev <= c.Rev {
			return kv.Result{Revision: m.mirror.Revision()}
		}
	}
	rev := m.mirror.Revision() + 1
	var events []kv.Event
	for _, o := range t.Then {
		e := kv.Event{Key: o.Key}
		if !o.Delete {
			e.Item = &kv.Item{Key: o.Key, Value: o.Value, Create: rev, Mod: rev, Lease: o.Lease}
			if old := m.mirror.Get(o.Key); old != nil {
				e.Item.Create = old.Create
			}
		}
		events = append(events, e)
	}
	m.mirror.Fold(rev, events)
	return kv.Result{Succeeded: true, Revision: rev}
}

// step takes the call one step on, and returns it. What becomes of a transaction is up to the test.
func (m *model) step(c store.Call) kv.Step {
	step := c.Next(m.mirror.View())
	if step.Barrier {
		c.Looked(m.mirror.Revision())
	}
	return step
}

// commits takes the call to its next transaction.
func (m *model) commits(c store.Call) kv.Txn {
	m.t.Helper()
	for {
		switch step := m.step(c); {
		case step.Commit != nil:
			return *step.Commit
		case step.Done || step.Wait:
			m.t.Fatalf("it commits nothing: %+v", step)
		}
	}
}

// lose takes the call to its next transaction, which is committed or not, without its knowing.
func (m *model) lose(c store.Call, committed bool) {
	m.t.Helper()
	if t := m.commits(c); committed {
		m.commit(t)
	}
	c.Looked(m.mirror.Revision())
}

// waits takes the call to where it waits.
func (m *model) waits(c store.Call) {
	m.t.Helper()
	for step := m.step(c); !step.Wait; step = m.step(c) {
		if !step.Barrier {
			m.t.Fatalf("it does not wait: %+v", step)
		}
	}
}

// finish takes the call to its end.
func (m *model) finish(c store.Call) {
	m.t.Helper()
	for {
		switch step := m.step(c); {
		case step.Done:
			return
		case step.Commit != nil:
			c.Committed(m.commit(*step.Commit))
		case step.Wait:
			m.t.Fatal("it waits")
		}
	}
}

func (m *model) setCall(request string, count int32) *countdownlatch.SetCall {
	return m.attempt(0, request, count)
}

func (m *model) attempt(n int32, request string, count int32) *countdownlatch.SetCall {
	r := countdownlatch.SetRequest{Name: "gate", Count: count, RequestID: request, Attempt: n}
	return countdownlatch.NewSetCall(m.space, r, shelf, now)
}

func (m *model) downCall(request string) *countdownlatch.CountDownCall {
	return m.downIn(request, 0)
}

func (m *model) downIn(request string, r countdownlatch.Round) *countdownlatch.CountDownCall {
	q := countdownlatch.CountDownRequest{Name: "gate", RequestID: request, Round: r}
	return countdownlatch.NewCountDownCall(m.space, q, now)
}

// set begins a round.
func (m *model) set(request string, count int32) countdownlatch.Round {
	m.t.Helper()
	c := m.setCall(request, count)
	m.finish(c)
	a, err := c.Answer()
	if err != nil || !a.Set {
		m.t.Fatalf("%s: got %+v, %v", request, a, err)
	}
	return a.Round
}

// round is a whole one, of one arrival.
func (m *model) round(n int) {
	m.t.Helper()
	m.set(fmt.Sprintf("round %d", n), 1)
	m.finish(m.downCall(fmt.Sprintf("arrival %d", n)))
}

func (m *model) destroy() {
	m.t.Helper()
	c := countdownlatch.NewDestroyCall(m.space, "gate")
	m.finish(c)
	if gone, err := c.Answer(); err != nil || !gone {
		m.t.Fatalf("destroying: got %v, %v", gone, err)
	}
}
