package fencedlock_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// lateWatcher is etcd's watch, held back at will: the mirror behind it shows a past of the test's choice.
type lateWatcher struct {
	clientv3.Watcher
	mu    sync.Mutex
	gate  chan struct{} // closed while events may pass
	delay func() time.Duration
}

func newLateWatcher(w clientv3.Watcher) *lateWatcher {
	l := &lateWatcher{Watcher: w, gate: make(chan struct{})}
	close(l.gate)
	return l
}

// holdBack stops the mirror where it is.
func (l *lateWatcher) holdBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gate = make(chan struct{})
}

func (l *lateWatcher) isHeld() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gate:
		return false
	default:
		return true
	}
}

// letGo lets the mirror catch up.
func (l *lateWatcher) letGo() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gate:
	default:
		close(l.gate)
	}
}

// slow delays each revision by what f says; nil: by nothing.
func (l *lateWatcher) slow(f func() time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = f
}

func (l *lateWatcher) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	in, out := l.Watcher.Watch(ctx, key, opts...), make(chan clientv3.WatchResponse)
	go func() {
		defer close(out)
		for r := range in {
			if !l.pass(ctx) {
				return
			}
			select {
			case out <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (l *lateWatcher) pass(ctx context.Context) bool {
	l.mu.Lock()
	gate, delay := l.gate, l.delay
	l.mu.Unlock()
	if delay != nil {
		select {
		case <-time.After(delay()):
		case <-ctx.Done():
			return false
		}
	}
	select {
	case <-gate:
		return true
	case <-ctx.Done():
		return false
	}
}

// fate is what becomes of a transaction and of its answer.
type fate int

const (
	answered fate = iota
	unsent        // never committed, outcome unknown
	lost          // committed, outcome unknown
	overdue       // outcome unknown, and committed later
	stuck         // outcome unknown, and committed when etcd's log moves on: right before the next transaction
	filling       // committed, and told that there is no room
)

// fates reads the names of fates.
func fates(names []string) (all []fate) {
	for _, n := range names {
		all = append(all, map[string]fate{"answered": answered, "unsent": unsent, "lost": lost, "overdue": overdue, "stuck": stuck, "filling": filling}[n])
	}
	return all
}

// lateness is how much later an overdue transaction comes.
const lateness = 5 * time.Millisecond

// lossyKV loses transactions and their answers at will, and counts what it is asked.
type lossyKV struct {
	clientv3.KV
	choose atomic.Pointer[func() fate]
	asked  atomic.Int64 // transactions and reads
	onWay  sync.WaitGroup
	mu     sync.Mutex
	stuck  []*lossyTxn
}

// lose has f choose the fate of each transaction; nil: all goes well.
func (l *lossyKV) lose(f func() fate) {
	if f == nil {
		l.choose.Store(nil)
		return
	}
	l.choose.Store(&f)
}

// next has the given fates befall the next transactions, and all goes well from then on.
func (l *lossyKV) next(fates ...fate) {
	var n atomic.Int64
	l.lose(func() fate {
		if i := int(n.Add(1)); i <= len(fates) {
			return fates[i-1]
		}
		return answered
	})
}

func (l *lossyKV) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	defer l.asked.Add(1)
	return l.KV.Get(ctx, key, opts...)
}

func (l *lossyKV) Txn(ctx context.Context) clientv3.Txn { return &lossyTxn{kv: l, ctx: ctx} }

type lossyTxn struct {
	clientv3.Txn
	kv   *lossyKV
	ctx  context.Context
	cmps []clientv3.Cmp
	ops  []clientv3.Op
}

func (t *lossyTxn) If(cmps ...clientv3.Cmp) clientv3.Txn { t.cmps = cmps; return t }
func (t *lossyTxn) Then(ops ...clientv3.Op) clientv3.Txn { t.ops = ops; return t }

func (t *lossyTxn) commit(ctx context.Context) (*clientv3.TxnResponse, error) {
	return t.kv.KV.Txn(ctx).If(t.cmps...).Then(t.ops...).Commit()
}

func (t *lossyTxn) Commit() (*clientv3.TxnResponse, error) {
	defer t.kv.asked.Add(1)
	what := answered
	if choose := t.kv.choose.Load(); choose != nil {
		what = (*choose)()
	}
	switch what {
	case lost:
		_, _ = t.commit(t.ctx)
	case filling:
		_, _ = t.commit(t.ctx)
		return nil, rpctypes.ErrNoSpace
	case overdue:
		t.kv.onWay.Go(func() {
			time.Sleep(lateness)
			_, _ = t.commit(context.Background())
		})
	case stuck:
		t.kv.mu.Lock()
		defer t.kv.mu.Unlock()
		t.kv.stuck = append(t.kv.stuck, t)
	case answered:
		t.kv.moveOn()
		return t.commit(t.ctx)
	}
	return nil, rpctypes.ErrTimeout
}

// moveOn commits what is stuck.
func (l *lossyKV) moveOn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.stuck {
		_, _ = t.commit(context.Background())
	}
	l.stuck = nil
}
