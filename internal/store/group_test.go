package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/store"
)

// inFlight is how many proposals are under way at the most.
const inFlight = 2

// told is what a caller of Commit got.
type told struct {
	kv.Result
	err error
}

// held commits transactions while as many proposals as may be are held up, so that all of them wait, and then lets
// everything go on. It returns what came of each, and how many proposals they took.
func (e *etcd) held(t *testing.T, s *store.Store, l *lostAnswers, all ...kv.Txn) (each []told, proposals int) {
	t.Helper()
	l.before.close()
	var group sync.WaitGroup
	for n := range inFlight {
		group.Go(func() { _, _ = s.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint("held/", n)), nil, 0)}}) })
	}
	eventually(t, "proposals held up", func() bool { return l.before.count() == inFlight })
	each = make([]told, len(all))
	for n, txn := range all {
		group.Go(func() { each[n].Result, each[n].err = s.Commit(txn) })
		eventually(t, "a transaction that waits", func() bool { return s.OnTheirWay() == inFlight+n+1 })
	}
	before := l.count()
	l.before.open()
	group.Wait()
	return each, l.count() - before - inFlight
}

// 256 callers, each with keys of its own, share their proposals.
func TestWhoComesMeanwhileSharesAProposal(t *testing.T) {
	t.Parallel()
	const callers, each = 256, 40
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			key := e.key(fmt.Sprint("own/", n))
			for range each {
				put, err := s.Commit(kv.Txn{If: []kv.Compare{kv.Absent(key)}, Then: []kv.Op{kv.Put(key, nil, 0)}})
				gone, e := s.Commit(kv.Txn{If: []kv.Compare{kv.Exists(key)}, Then: []kv.Op{kv.Delete(key)}})
				if err != nil || e != nil || !put.Succeeded || !gone.Succeeded || gone.Revision <= put.Revision {
					t.Errorf("put %+v, %v; deleted %+v, %v", put, err, gone, e)
				}
			}
		})
	}
	all.Wait()
	if average := 2 * callers * each / l.count(); average <= 8 {
		t.Errorf("%d transactions to a proposal", average)
	}
}

func TestEachOfAGroupHasItsOwnAnswer(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	e.put(t, "there", "1")
	put := func(name string, as ...kv.Compare) kv.Txn {
		return kv.Txn{If: as, Then: []kv.Op{kv.Put(e.key(name), []byte("1"), 0)}}
	}
	got, proposals := e.held(t, s, l,
		put("a", kv.Exists(e.key("there"))), put("b", kv.Absent(e.key("there"))), put("c"), put("d", kv.Exists(e.key("nowhere"))))
	if proposals != 1 {
		t.Errorf("%d proposals", proposals)
	}
	for n, name := range []string{"a", "b", "c", "d"} {
		i, r := e.item(t, s, name), got[n]
		if done := n%2 == 0; r.err != nil || r.Succeeded != done || (i != nil) != done || r.Revision != got[0].Revision {
			t.Errorf("%s: %+v, and there is %v", name, r, i)
		}
		if i != nil && (i.Create != r.Revision || i.Mod != r.Revision) {
			t.Errorf("%s: put in revision %d, told %d", name, i.Mod, r.Revision)
		}
	}
}

func TestOneOfAGroupThatEtcdRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		then func(e *etcd) []kv.Op
		want error
	}{
		"a lease that is gone": {func(e *etcd) []kv.Op { return []kv.Op{kv.Put(e.key("bad"), nil, 0x7b)} }, rpctypes.ErrLeaseNotFound},
		"a key put twice": {func(e *etcd) []kv.Op {
			return []kv.Op{kv.Put(e.key("bad"), nil, 0), kv.Put(e.key("bad"), nil, 0)}
		}, rpctypes.ErrDuplicateKey},
	} {
		e, l := on(t, shared), &lostAnswers{}
		s := e.open(t, l.on)
		var all []kv.Txn
		for n := range 9 {
			all = append(all, kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint("good/", n)), nil, 0)}})
		}
		got, proposals := e.held(t, s, l, slices.Insert(all, 4, kv.Txn{Then: c.then(e)})...)
		if proposals != 11 { // together, and then each alone
			t.Errorf("%s: %d proposals", what, proposals)
		}
		for n, r := range got {
			if n == 4 {
				if !errors.Is(r.err, c.want) || errors.Is(r.err, store.ErrUnavailable) {
					t.Errorf("%s: %v", what, r.err)
				}
			} else if r.err != nil || !r.Succeeded {
				t.Errorf("%s: beside it %+v", what, r)
			}
		}
		if e.item(t, s, "bad") != nil {
			t.Errorf("%s, and yet it was put", what)
		}
	}
}

// Those that write one key are decided one after the other, in the order in which they came.
func TestTheOrderOnOneKeyIsThatOfTheCallers(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	var all []kv.Txn
	for n := range 20 {
		hot := kv.Txn{Then: []kv.Op{kv.Put(e.key("x"), []byte(fmt.Sprint(n)), 0)}}
		apart := kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint("line/", n)), nil, 0)}, Apart: e.key("line/")}
		own := kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint("own/", n)), nil, 0)}}
		all = append(all, hot, apart, own)
	}
	got, proposals := e.held(t, s, l, all...)
	if proposals != 20 {
		t.Errorf("%d proposals", proposals)
	}
	for n := 3; n < len(got); n++ {
		if rises := got[n].Revision > got[n-3].Revision; got[n].err != nil || rises != (n%3 < 2) {
			t.Errorf("the transaction %d has %+v, and the one before %+v", n, got[n], got[n-3])
		}
	}
	if e.fresh(t, s, "x") != "19" {
		t.Error("the last one is not the last")
	}
}

func TestAGroupOfUnknownOutcomeIsLookedForByEachCall(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	l.before.close()
	var held, calls []<-chan error
	for n := range inFlight {
		held = append(held, run(t.Context(), s, e.putter(fmt.Sprint("held/", n)), nil))
	}
	eventually(t, "proposals held up", func() bool { return l.before.count() == inFlight })
	var each []*call
	for n := range 10 {
		each = append(each, e.putter(fmt.Sprint("x/", n)))
		calls = append(calls, run(t.Context(), s, each[n], nil))
	}
	eventually(t, "ten that wait", func() bool { return s.OnTheirWay() == inFlight+10 })
	l.loseGroup(rpctypes.ErrTimeout)
	l.before.open()
	for _, c := range append(held, calls...) {
		if err := receive(t, c, "end"); err != nil {
			t.Error(err)
		}
	}
	for n, c := range each {
		if len(c.results) != 0 || len(c.looked) != 1 || e.item(t, s, fmt.Sprint("x/", n)) == nil {
			t.Errorf("told %v, looked at %v", c.results, c.looked)
		}
	}
	if l.count() != inFlight+1 {
		t.Errorf("%d proposals", l.count())
	}
}

// Another leader ends what is on its way to the last one, and what waits is proposed to the new one.
func TestWhatWaitsIsProposedToTheNextLeader(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	s := e.open(t, l.on)
	l.before.close()
	ends := make(chan told, inFlight+10)
	for n := range cap(ends) {
		go func() {
			r, err := s.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint(n)), nil, 0)}})
			ends <- told{r, err}
		}()
	}
	eventually(t, "all on their way", func() bool { return l.before.count() == inFlight && s.OnTheirWay() == cap(ends) })
	s.Reign()
	eventually(t, "another proposal", func() bool { return l.before.count() > inFlight })
	l.before.open()
	lost := 0
	for range cap(ends) {
		if r := receive(t, ends, "end"); r.err != nil && errors.Is(r.err, store.ErrUnavailable) {
			lost++
		} else if r.err != nil || !r.Succeeded {
			t.Errorf("%+v", r)
		}
	}
	if lost != inFlight {
		t.Errorf("the outcome of %d is not known", lost)
	}
}

func TestATransactionThatWaitsEndsWithTheStore(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	l.before.close()
	s := e.open(t, l.on)
	ends := make(chan error, 1001)
	for n := range cap(ends) {
		go func() {
			_, err := s.Commit(kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint(n%500)), nil, 0)}})
			ends <- err
		}()
	}
	eventually(t, "all wait", func() bool { return l.before.count() == inFlight && s.OnTheirWay() == cap(ends) })
	s.Close()
	for range cap(ends) {
		if err := receive(t, ends, "end"); !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if n := l.before.count(); n != inFlight {
		t.Errorf("%d proposals", n)
	}
}

// What only takes something out passes a full etcd, however much else waits beside it.
func TestAFullDatabaseTakesWhatPutsNothingThoughItWaitsBesidePuts(t *testing.T) {
	t.Parallel()
	e, l := on(t, smallMember(t)), &lostAnswers{}
	s := e.open(t, l.on)
	for n := range 10 {
		e.put(t, fmt.Sprint("x/", n), "1")
	}
	e.fill(t)
	var all []kv.Txn
	for n := range 10 {
		all = append(all, kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint("y/", n)), nil, 0)}},
			kv.Txn{Then: []kv.Op{kv.Delete(e.key(fmt.Sprint("x/", n)))}})
	}
	got, proposals := e.held(t, s, l, all...)
	if proposals != 2 {
		t.Errorf("%d proposals", proposals)
	}
	for n, r := range got {
		puts := n%2 == 0
		if puts && (!errors.Is(r.err, store.ErrFull) || errors.Is(r.err, store.ErrUnavailable)) || !puts && (r.err != nil || !r.Succeeded) {
			t.Errorf("puts %v: %+v", puts, r)
		}
	}
	for n := range 10 {
		if e.item(t, s, fmt.Sprint("x/", n)) != nil || e.item(t, s, fmt.Sprint("y/", n)) != nil {
			t.Error("not done, or done nevertheless")
		}
	}
}

// elsewhere is the client of an etcd that runs with its defaults.
func elsewhere(t *testing.T) *clientv3.Client {
	t.Helper()
	c := embed.NewConfig()
	c.Dir, c.LogLevel = t.TempDir(), "panic"
	c.ListenClientUrls, c.ListenPeerUrls = nil, nil
	m, err := embed.StartEtcd(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	receive(t, m.Server.ReadyNotify(), "etcd")
	return v3client.New(m.Server)
}

func TestAnEtcdWithItsDefaultsTakesTheLargestGroups(t *testing.T) {
	t.Parallel()
	e, l := on(t, shared), &lostAnswers{}
	e.Client = elsewhere(t)
	s := e.open(t, func(c *clientv3.Client) { c.KV, c.Watcher = e.KV, e.Watcher }, l.on)
	for what, c := range map[string]struct{ width, bytes, proposals int }{
		"narrow": {1, 0, 2}, "wide": {64, 0, 4}, "as wide as can be": {126, 0, 100}, "long": {3, 20 << 10, 4}, "wider": {128, 0, 200},
	} {
		var all []kv.Txn
		for n := range 200 {
			t := kv.Txn{Then: []kv.Op{kv.Put(e.key(fmt.Sprint(what, "/", n)), []byte(strings.Repeat("v", c.bytes)), 0)}}
			for i := range c.width {
				t.If = append(t.If, kv.Absent(e.key(fmt.Sprint(what, "/none/", i))))
			}
			all = append(all, t)
		}
		got, proposals := e.held(t, s, l, all...)
		for _, r := range got {
			if r.err != nil || !r.Succeeded {
				t.Fatalf("%s: %+v", what, r)
			}
		}
		if proposals != c.proposals {
			t.Errorf("%s: %d proposals, want %d", what, proposals, c.proposals)
		}
	}
}
