package sim

import (
	"fmt"
	"slices"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// machine carries calls over the model of etcd one after the other: whatever is committed every mirror shows at once.
type machine struct {
	etcd    *etcd
	mirrors []*mirror.Mirror
	pos     int // how much of etcd's log they show
	walks   []*walk
	calls   int
	mutate  func(kind string, t kv.Txn) kv.Txn // what is broken on purpose; nil for nothing
}

// walk is a call that waits, or is done.
type walk struct {
	on     *mirror.Mirror
	call   store.Call
	answer func() string
	done   bool
	news   bool
}

func newMachine() *machine {
	m := &machine{etcd: newEtcd(), mirrors: []*mirror.Mirror{mirror.New(space), mirror.New(space)}}
	for n := range m.mirrors {
		m.write(kv.Put(space.Gateway(gatewayOf(n)), nil, 0))
	}
	return m
}

func gatewayOf(n int) string { return fmt.Sprintf("g%d", n) }

// nextCall names a call, through one gateway after the other.
func (m *machine) nextCall() string {
	m.calls++
	return keys.CallOf(gatewayOf(m.calls%len(m.mirrors)), uint64(m.calls))
}

func (m *machine) open(id session.ID) {
	m.write(kv.Put(space.Session(int64(id)), []byte("{}"), kv.LeaseID(id)))
}

func (m *machine) write(o kv.Op) { m.commit(kv.Txn{Then: []kv.Op{o}}) }

func (m *machine) expire(id session.ID) {
	m.etcd.expire(kv.LeaseID(id))
	m.deliver()
	m.settle()
}

func (m *machine) commit(t kv.Txn) kv.Result {
	did := m.etcd.txn(t)
	m.deliver()
	return kv.Result{Succeeded: did[0].succeeded, Revision: m.etcd.rev}
}

func (m *machine) broken(t kv.Txn) kv.Txn {
	if m.mutate == nil {
		return t
	}
	return m.mutate("", t)
}

func (m *machine) deliver() {
	for ; m.pos < len(m.etcd.log); m.pos++ {
		c := m.etcd.log[m.pos]
		for _, on := range m.mirrors {
			news := on.Fold(c.rev, c.events)
			for _, w := range m.walks {
				w.news = w.news || w.on == on && slices.ContainsFunc(w.call.Keys(), func(k string) bool { return tells(news, k) })
			}
		}
	}
}

// start carries a call until it is done or waits, and those that it wakes.
func (m *machine) start(c store.Call, answer func() string) *walk {
	w := &walk{on: m.mirrors[m.calls%len(m.mirrors)], call: c, answer: answer, news: true}
	m.walks = append(m.walks, w)
	m.settle()
	return w
}

// signal tells a call what befalls it.
func (m *machine) signal(w *walk, s kv.Signal) {
	w.call.Signal(s)
	w.news = true
	m.settle()
}

// settle carries on whoever has news.
func (m *machine) settle() {
	for {
		n := slices.IndexFunc(m.walks, func(w *walk) bool { return w.news })
		if n < 0 {
			return
		}
		m.walks[n].news = false
		m.carry(m.walks[n])
		m.walks = slices.DeleteFunc(m.walks, func(w *walk) bool { return w.done })
	}
}

// carry takes a call's steps until it waits, or is done.
func (m *machine) carry(w *walk) {
	for {
		switch s := w.call.Next(w.on.View()); {
		case s.Done:
			w.done = true
			return
		case s.Wait:
			return
		case s.Commit != nil:
			w.call.Committed(m.commit(m.broken(*s.Commit)))
		case s.Barrier:
			w.call.Looked(m.etcd.rev)
		case s.Rest != nil:
			w.call.Signal(kv.Rested)
		}
	}
}
