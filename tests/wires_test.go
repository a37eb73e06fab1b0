package tests_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wires are what the members of a fleet reach each other over: whatever they say to another one passes by here, and can be
// swallowed, as by a network that is down.
type wires struct {
	*testing.T
	passing sync.RWMutex // read-locked by whoever passes something on
	members []string     // their ids in etcd, once they are known
	off     int          // who is cut off, -1 for nobody
	all     []*wire
}

// wire is one connection.
type wire struct {
	from string // the id of the member that dialed, "" where it did not say
	to   int
	ends [2]net.Conn
}

// runWiredFleet runs three members whose way to each other can be cut.
func runWiredFleet(t *testing.T) (*fleet, *wires) {
	t.Helper()
	f := newFleet(t, 3, 3)
	w := &wires{T: t, off: -1}
	for n, p := range f.all {
		_, told, _ := strings.Cut(f.members[n], "=")
		listens := unused(t)
		p.args = append(p.args, "--peer-listen", listens)
		l := must(net.Listen("tcp", told))(t)
		t.Cleanup(func() { _ = l.Close() })
		go w.accept(l, n, listens)
	}
	f.run()
	for _, p := range f.all {
		r := serving(t, p.addr)
		st := must(r.etcd.Status(r.soon(), p.addr))(t)
		w.members = append(w.members, fmt.Sprintf("%x", st.Header.MemberId))
	}
	return f, w
}

func (w *wires) accept(l net.Listener, to int, address string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // the end of the test
		}
		go w.join(c, to, address)
	}
}

// saysFrom is how a member says who it is, in the first request on each connection.
var saysFrom = regexp.MustCompile(`(?i)\r\nX-Server-From: ([0-9a-f]+)\r\n`)

func (w *wires) join(c net.Conn, to int, address string) {
	first := make([]byte, 0, 4096)
	for !bytes.Contains(first, []byte("\r\n\r\n")) && len(first) < cap(first) {
		n, err := c.Read(first[len(first):cap(first)])
		if err != nil {
			_ = c.Close()
			return
		}
		first = first[:len(first)+n]
	}
	d, err := net.Dial("tcp", address)
	if err != nil {
		_ = c.Close()
		return
	}
	i := &wire{to: to, ends: [2]net.Conn{c, d}}
	if from := saysFrom.FindSubmatch(first); from != nil {
		i.from = string(from[1])
	}
	w.passing.Lock()
	w.all = append(w.all, i)
	w.passing.Unlock()
	go w.pass(i, d, c)
	w.put(i, d, first)
	w.pass(i, c, d)
}

// pass passes on what one end says until there is no more.
func (w *wires) pass(i *wire, from, to net.Conn) {
	defer func() { _, _ = i.ends[0].Close(), i.ends[1].Close() }()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil || !w.put(i, to, b[:n]) {
			return
		}
	}
}

// put passes something on, or swallows it.
func (w *wires) put(i *wire, to io.Writer, said []byte) bool {
	w.passing.RLock()
	defer w.passing.RUnlock()
	if w.isCut(i) {
		return true
	}
	_, err := to.Write(said)
	return err == nil
}

// isCut needs w.passing. Who did not say who it is may be the one that is cut off.
func (w *wires) isCut(i *wire) bool {
	return w.off >= 0 && (i.to == w.off || i.from == w.members[w.off] || i.from == "")
}

// cut swallows, from now on, whatever is said to a member or by it.
func (w *wires) cut(member int) {
	w.passing.Lock()
	defer w.passing.Unlock()
	w.off = member
}

// heal lets everything pass again. Connections of which a part was swallowed are broken.
func (w *wires) heal() {
	w.passing.Lock()
	defer w.passing.Unlock()
	w.all = slices.DeleteFunc(w.all, func(i *wire) bool {
		if w.isCut(i) {
			_, _ = i.ends[0].Close(), i.ends[1].Close()
		}
		return w.isCut(i)
	})
	w.off = -1
}
