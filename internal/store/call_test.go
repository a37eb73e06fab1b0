package store_test

import (
	"sync"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// call is a store.Call that does what a test says, and remembers what it was told.
type call struct {
	keys  []string
	loose bool
	next  func(v mirror.View) kv.Step // told holds what came before

	mu      sync.Mutex
	nexts   int
	results []kv.Result
	looked  []kv.Revision
	signals []signal
}

type signal struct {
	kv.Signal
	at time.Time
}

func (c *call) Keys() []string { return c.keys }
func (c *call) Loose() bool    { return c.loose }

func (c *call) Next(v mirror.View) kv.Step {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nexts++
	return c.next(v)
}

func (c *call) Committed(r kv.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results = append(c.results, r)
}

func (c *call) Looked(r kv.Revision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = append(c.looked, r)
}

func (c *call) Signal(s kv.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signals = append(c.signals, signal{s, time.Now()})
}

// asked is how often the call was asked for its next step.
func (c *call) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nexts
}

// told returns the signals so far.
func (c *call) told() []signal {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]signal(nil), c.signals...)
}

// steps is a next that takes one step after the other; whatever the view.
func steps(all ...kv.Step) func(mirror.View) kv.Step {
	return func(mirror.View) kv.Step {
		s := all[0]
		all = all[1:]
		return s
	}
}
