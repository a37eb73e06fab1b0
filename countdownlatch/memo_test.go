package countdownlatch_test

import (
	"errors"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/store"
)

// memoLease is the lease of the memo of a request that set the latch "gate".
func (w *world) memoLease(request string) clientv3.LeaseID {
	w.t.Helper()
	for _, k := range w.keys() {
		if strings.HasSuffix(string(k.Key), "memo/-/latch/gate/"+request) {
			return clientv3.LeaseID(k.Lease)
		}
	}
	w.t.Fatalf("no memo of %s\n%s", request, strings.Join(w.dump(), "\n"))
	return 0
}

func TestMemo_LivesForTenMinutesAtTheLeast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.gateway().set("gate", 1, "s")
	r, err := w.etcd.TimeToLive(t.Context(), w.memoLease("s"))
	if err != nil || r.GrantedTTL != 20*60 { // others are put on it for ten minutes
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestMemo_ALeaseThatIsGoneIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.gateway()
	g.set("gate", 1, "s1")
	g.arrive("gate", "c")
	old := w.memoLease("s1")
	if _, err := w.etcd.Revoke(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	r := countdownlatch.SetRequest{Name: "gate", Count: 1, RequestID: "s2"}
	if a, err := g.TrySetCount(t.Context(), r); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("on a lease that is gone: %+v, %v", a, err)
	}
	g.set("gate", 1, "s2")
	if again := w.memoLease("s2"); again == old {
		t.Error("it is the same lease")
	}
}

// Somebody wrote over the memo: neither is the request done again, nor is anything told that nobody knows.
func TestMemo_OneThatCantBeReadIsDamaged(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.set("s1", 1)
	memo := m.space.LatchMemo("gate", "s1")
	m.commit(kv.Txn{Then: []kv.Op{kv.Put(memo, []byte("x"), 0)}})
	m.destroy()
	c := m.attempt(1, "s1", 1)
	m.finish(c)
	a, err := c.Answer()
	if damaged := new(keys.DamagedError); !errors.As(err, &damaged) || damaged.Key != memo {
		t.Errorf("got %+v, %v", a, err)
	}
}

// A no whose memo was not committed in time may be a yes: an earlier attempt came before it.
func TestMemo_ANoThatAnEarlierAttemptComesBeforeIsAYes(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	late := m.commits(m.setCall("s1", 1))
	m.set("s2", 1)
	retry := m.attempt(1, "s1", 1)
	no := m.commits(retry)
	m.destroy()
	round := countdownlatch.Round(m.commit(late).Revision)
	retry.Committed(m.commit(no))
	m.finish(retry)
	if a, err := retry.Answer(); err != nil || a != (countdownlatch.SetAnswer{Set: true, Round: round}) {
		t.Errorf("got %+v, %v, want round %d", a, err, round)
	}
}
