package store_test

import (
	"context"
	"sync"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// The seams between a store and its real client, where a test can hold up what passes, cut it or lose it.

// gate holds up whoever comes while it is shut.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // nil while open
	came int
}

// close shuts the gate, and forgets who came.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.came = make(chan struct{}), 0
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = nil
}

func (g *gate) pass(ctx context.Context) {
	g.mu.Lock()
	g.came++
	shut := g.shut
	g.mu.Unlock()
	if shut == nil {
		return
	}
	select {
	case <-shut:
	case <-ctx.Done():
	}
}

// count is how many came since the gate was shut.
func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.came
}

// heldReads holds up reads: before, until they are sent, and after, until they are answered.
type heldReads struct {
	clientv3.KV
	before, after gate
}

func (h *heldReads) on(c *clientv3.Client) { h.KV, c.KV = c.KV, h }

func (h *heldReads) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	h.before.pass(ctx)
	r, err := h.KV.Get(ctx, key, opts...)
	h.after.pass(ctx)
	return r, err
}

// heldWatch holds up watches until they begin, and can cut those that have begun.
type heldWatch struct {
	clientv3.Watcher
	gate
	cut   context.CancelFunc
	asked atomic.Int64 // how often the watch was asked for its progress
}

func (h *heldWatch) on(c *clientv3.Client) { h.Watcher, c.Watcher = c.Watcher, h }

func (h *heldWatch) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	h.pass(ctx)
	ctx, cut := context.WithCancel(ctx)
	h.mu.Lock()
	h.cut = cut
	h.mu.Unlock()
	return h.Watcher.Watch(ctx, key, opts...)
}

func (h *heldWatch) RequestProgress(ctx context.Context) error {
	h.asked.Add(1)
	return h.Watcher.RequestProgress(ctx)
}

// lose ends the watch that is under way.
func (h *heldWatch) lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut()
}

// lostAnswers commits transactions and loses the answers: those of the first ones, as many as there are errors; nil loses
// none.
type lostAnswers struct {
	clientv3.KV
	before gate // holds up transactions until they are sent
	mu     sync.Mutex
	errs   []error
	least  int // operations of a transaction whose answer counts among them
	txns   int
}

func (l *lostAnswers) on(c *clientv3.Client) { l.KV, c.KV = c.KV, l }

func (l *lostAnswers) Txn(ctx context.Context) clientv3.Txn {
	return &lostTxn{Txn: l.KV.Txn(ctx), ctx: ctx, of: l}
}

// lose has the answer to a transaction lost, after so many others.
func (l *lostAnswers) lose(after int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs, l.least = append(make([]error, after), err), 0
}

// loseGroup has the answer to the next group lost.
func (l *lostAnswers) loseGroup(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs, l.least = []error{err}, 2
}

func (l *lostAnswers) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.txns
}

type lostTxn struct {
	clientv3.Txn
	ctx context.Context
	of  *lostAnswers
	ops int
}

func (t *lostTxn) If(cs ...clientv3.Cmp) clientv3.Txn {
	t.Txn = t.Txn.If(cs...)
	return t
}

func (t *lostTxn) Then(ops ...clientv3.Op) clientv3.Txn {
	t.Txn, t.ops = t.Txn.Then(ops...), len(ops)
	return t
}

func (t *lostTxn) Commit() (*clientv3.TxnResponse, error) {
	t.of.before.pass(t.ctx)
	r, err := t.Txn.Commit()
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.txns++
	if len(t.of.errs) > 0 && t.ops >= t.of.least {
		lost := t.of.errs[0]
		if t.of.errs = t.of.errs[1:]; lost != nil {
			return nil, lost
		}
	}
	return r, err
}
