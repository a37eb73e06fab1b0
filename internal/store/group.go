package store

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/proposal"
)

// inFlight is how many proposals are under way at the most. What comes meanwhile waits and shares the next one: there is
// no timer, since the proposals before are as long as it pays to wait. With one alone etcd's log would rest between them.
const inFlight = 2

// commit is one transaction on its way to its answer.
type commit struct {
	epoch  context.Context // of its call
	done   chan struct{}   // closed when the answer is there
	result kv.Result
	err    error
}

// group is what goes into one proposal.
type group []*proposal.Entry[*commit]

// commits are the transactions of a store on their way. The zero value is ready for use.
type commits struct {
	mu    sync.Mutex
	queue proposal.Queue[*commit]
	under int // how many proposals are under way
}

// add adds a transaction, and returns what is to be proposed now: that one alone, or nothing.
func (c *commits) add(e *proposal.Entry[*commit]) group {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.Add(e)
	return c.next()
}

// next needs c.mu.
func (c *commits) next() (g group) {
	if c.under < inFlight {
		g = c.queue.Next()
	}
	if g != nil {
		c.under++
	}
	return g
}

// answered ends a proposal, and returns those that are to be made now.
func (c *commits) answered(g group) (all []group) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range g {
		c.queue.Done(e)
	}
	c.under--
	for next := c.next(); next != nil; next = c.next() {
		all = append(all, next)
	}
	return all
}

// carry proposes a group, and sees to it that what waited for that is proposed then.
func (s *Store) carry(g group) {
	s.propose(g)
	for _, next := range s.commits.answered(g) {
		go s.carry(next)
	}
	for _, e := range g {
		close(e.By.done)
	}
}

// propose has all of a group answered. What was not proposed when its call's epoch ended never will be.
func (s *Store) propose(g group) {
	groupSize.Observe(float64(len(g)))
	var live group
	for _, e := range g {
		if e.By.epoch.Err() == nil {
			live = append(live, e)
		} else {
			e.By.err = unavailable("committing", context.Cause(e.By.epoch))
		}
	}
	switch len(live) {
	case 0:
	case 1:
		s.alone(live[0])
	default:
		s.together(live)
	}
}

// alone proposes one transaction as it is.
func (s *Store) alone(e *proposal.Entry[*commit]) {
	got, err := s.txn(compares(e.Txn.If), ops(e.Txn.Then))
	if e.By.err = err; err == nil {
		e.By.result = kv.Result{Succeeded: got.Succeeded, Revision: kv.Revision(got.Header.Revision)}
	}
}

// together proposes the transactions as one. They share its revision, also those that came to nothing: a view that has
// reached it is behind each of them. Where etcd refuses it for certain, because of one of them, each is proposed alone.
func (s *Store) together(g group) {
	nested := make([]clientv3.Op, 0, len(g))
	for _, e := range g {
		nested = append(nested, clientv3.OpTxn(compares(e.Txn.If), ops(e.Txn.Then), nil))
	}
	got, err := s.txn(nil, nested)
	if neverCommits(err) {
		s.apart(g)
		return
	}
	for n, e := range g {
		if e.By.err = err; err == nil {
			one := got.Responses[n].GetResponseTxn()
			e.By.result = kv.Result{Succeeded: one.Succeeded, Revision: kv.Revision(got.Header.Revision)}
		}
	}
}

// apart proposes each transaction alone. They are in no conflict, so they go side by side.
func (s *Store) apart(g group) {
	var all sync.WaitGroup
	for _, e := range g {
		all.Go(func() { s.alone(e) })
	}
	all.Wait()
}
