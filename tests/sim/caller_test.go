package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// acquireLimit is how often a caller may hold.
const acquireLimit = 3

// caller is a client with one session and one owner. It does what a well-behaved client does: every call has a
// request id, a lost one is asked again under it, a wait it leaves is cancelled, unlocks name the fence.
type caller struct {
	w       *world
	name    string
	lock    keys.Name
	sid     session.ID
	ends    int // how many sessions it had
	next    int
	ops     []*op // under way
	count   int   // the holds it was told of and has not given back
	fence   fencedlock.Fence
	taken   map[fencedlock.Fence]bool // the holds that an operator took
	muddled bool                      // calls overlapped: counts are compared at rest only
}

// op is one request, through all of its attempts.
type op struct {
	c         *caller
	kind      string // lock, unlock, cancel
	request   string
	timed     bool
	try       bool
	begun     int
	attempt   int32
	run       *run
	cancelled bool // a cancel was sent for it, or a newer lock took its place
	session   session.ID
	fence     fencedlock.Fence
	of        *op // what a cancel cancels
}

func (w *world) addCaller(name string, lock keys.Name) {
	c := &caller{w: w, name: name, lock: lock}
	w.callers = append(w.callers, c)
	if !slices.Contains(w.locks, lock) {
		w.locks = append(w.locks, lock)
	}
	c.open()
}

func (c *caller) open() {
	c.ends++
	c.sid = session.ID(0x100*len(c.name)*int(c.name[0]) + c.ends)
	c.count, c.fence, c.taken = 0, 0, map[fencedlock.Fence]bool{}
	key := space.Session(int64(c.sid))
	c.w.etcd.txn(kv.Txn{Then: []kv.Op{kv.Put(key, []byte("{}"), kv.LeaseID(c.sid))}})
}

// forced reports whether an operator took the hold that the caller believes in.
func (c *caller) forced() bool { return c.taken[c.fence] }

func (c *caller) who(id session.ID) fencedlock.Caller {
	return fencedlock.Caller{Session: id, Owner: c.name}
}

// moves returns what the caller may do next.
func (c *caller) moves() (m []func()) {
	for _, o := range c.ops {
		switch {
		case o.run == nil:
			m = append(m, o.ask)
		case c.w.rng.IntN(12) == 0 && !c.w.draining:
			m = append(m, o.loseConnection)
		case o.kind == "lock" && !c.w.draining && len(c.ops) == 1 && c.w.rng.IntN(12) == 0:
			m = append(m, func() { c.cancel(o) })
		}
	}
	if len(c.ops) == 0 && (c.count > 0 || !c.w.draining) {
		m = append(m, c.begin)
	}
	if c.w.draining {
		return m
	}
	if len(c.ops) == 1 && c.ops[0].kind == "lock" && c.w.rng.IntN(10) == 0 {
		m = append(m, c.newer)
	}
	switch c.w.rng.IntN(80) {
	case 0:
		m = append(m, c.lose)
	case 1:
		m = append(m, c.force)
	}
	return m
}

// begin starts a call when none is under way.
func (c *caller) begin() {
	c.muddled = false
	if c.count > 0 && (c.w.draining || c.w.rng.IntN(3) > 0) {
		c.add(&op{kind: "unlock", fence: c.fence})
		return
	}
	c.add(&op{kind: "lock", timed: c.w.rng.IntN(2) == 0, try: c.w.rng.IntN(4) == 0})
}

// newer starts a lock call while another is under way.
func (c *caller) newer() {
	c.muddled = true
	c.add(&op{kind: "lock", timed: c.w.rng.IntN(2) == 0, try: c.w.rng.IntN(4) == 0})
	for _, o := range c.ops { // whichever comes later, on whatever ways, takes the other's place
		o.cancelled = true
	}
}

func (c *caller) cancel(o *op) {
	c.muddled = true
	o.cancelled = true
	if o.run != nil {
		o.run.left = true
	}
	c.add(&op{kind: "cancel", request: o.request, of: o})
	c.ops = slices.DeleteFunc(c.ops, func(x *op) bool { return x == o })
}

func (c *caller) add(o *op) {
	c.next++
	o.c, o.begun, o.session = c, c.w.steps, c.sid
	if o.request == "" {
		o.request = fmt.Sprintf("%s%d", c.name, c.next)
	}
	c.ops = append(c.ops, o)
}

// lose ends the caller's session; it goes on with another.
func (c *caller) lose() {
	c.w.tracef("session %s of %s ends", c.sid, c.name)
	c.w.etcd.expire(kv.LeaseID(c.sid))
	c.w.observe()
	c.muddled = true
	c.open()
}

// force is an operator's forced unlock of whoever holds.
func (c *caller) force() {
	call := fencedlock.NewForceCall(space, c.lock, 0, now)
	c.w.any().start(call, false, func(error) {})
}

var now = time.Unix(1_800_000_000, 0)

// ask sends the request, or sends it again, to any gateway.
func (o *op) ask() {
	g := o.c.w.any()
	who := o.c.who(o.session)
	o.c.w.tracef("%s asks %s for %s %s attempt %d", o.c.name, g.id, o.kind, o.request, o.attempt)
	switch o.kind {
	case "lock":
		r := fencedlock.LockRequest{Name: o.c.lock, Caller: who, RequestID: o.request, Attempt: o.attempt}
		if o.try {
			r.Timeout = new(time.Duration)
		}
		call := fencedlock.NewLockCall(space, r, acquireLimit, g.nextCall(), now)
		o.run = g.start(call, o.timed, func(err error) {
			o.answered(err, func() { a, err := call.Answer(); o.lockAnswered(a, err) })
		})
	case "unlock":
		r := fencedlock.UnlockRequest{Name: o.c.lock, Caller: who, RequestID: o.request, Fence: o.fence}
		call := fencedlock.NewUnlockCall(space, r, now)
		o.run = g.start(call, false, func(err error) {
			o.answered(err, func() { a, err := call.Answer(); o.unlockAnswered(a, err) })
		})
	case "cancel":
		r := fencedlock.CancelRequest{Name: o.c.lock, Caller: who, RequestID: o.request}
		call := fencedlock.NewCancelCall(space, r, now)
		o.run = g.start(call, false, func(err error) {
			o.answered(err, func() { _, err := call.Answer(); o.cancelAnswered(err) })
		})
	}
	o.attempt++
}

func (o *op) loseConnection() {
	o.c.w.tracef("%s loses its connection for %s", o.c.name, o.request)
	o.run.left = true
	o.run = nil
}

// answered gets the answer to an attempt. Lost ones are asked again.
func (o *op) answered(err error, check func()) {
	o.run = nil
	if err != nil || !slices.Contains(o.c.ops, o) {
		return
	}
	o.c.w.tracef("%s is answered %s", o.c.name, o.request)
	check()
}

func (o *op) end() {
	o.c.ops = slices.DeleteFunc(o.c.ops, func(x *op) bool { return x == o })
}

// gone reports that the answer concerns a session that has ended meanwhile.
func (o *op) gone(err error) bool {
	if errors.Is(err, session.ErrExpired) && o.session == o.c.sid {
		o.c.w.failf("%s: %s says expired, and the session lives", o.request, o.kind)
	}
	return o.session != o.c.sid
}

// retriable reports the one error that asks for another attempt.
func retriable(err error) bool { return errors.Is(err, store.ErrUnavailable) }
