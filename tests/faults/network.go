package faults

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
)

// network is what is between the members. Each reaches the others through a proxy of its own, so the proxy knows who
// calls; whom, it is told. Members know one another by names that only the proxies can resolve, so none finds another way.
//
// A way that is cut carries nothing more, neither bytes nor the end of a connection; what was sent meanwhile arrives
// once it is healed, as with TCP. Who connects over a way that is cut is turned away after a second.
type network struct {
	n       int
	proxies []net.Listener // of the members, in their order
	running sync.WaitGroup

	mu     sync.Mutex
	moved  *sync.Cond // what is below has changed
	at     []string   // where the members listen for one another
	cut    map[way]bool
	open   map[net.Conn]way // by whom they were made
	closed bool
}

// way leads from one member to another.
type way struct{ from, to int }

// peerName is how the others know a member.
func peerName(i int) string { return memberName(i) + ".test:2380" }

func newNetwork(t testing.TB, n int) *network {
	t.Helper()
	w := &network{n: n, at: make([]string, n), cut: map[way]bool{}, open: map[net.Conn]way{}}
	w.moved = sync.NewCond(&w.mu)
	for i := range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.proxies = append(w.proxies, l)
		w.running.Go(func() { w.serve(i, l) })
	}
	t.Cleanup(w.close)
	return w
}

// proxyOf is the member's way to the others, as a setting of its environment.
func (w *network) proxyOf(i int) string { return "socks5://" + w.proxies[i].Addr().String() }

// listen gives the member an address to listen at for the others.
func (w *network) listen(i int) (string, error) {
	addr, err := unused()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[i] = addr
	return addr, err
}

// find gives the member of that name, and where it listens.
func (w *network) find(name string) (i int, addr string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.n {
		if peerName(i) == name {
			return i, w.at[i], nil
		}
	}
	return 0, "", fmt.Errorf("no member %q", name)
}

// Cut cuts ways.
func (w *network) Cut(ways ...way) {
	w.change(func() {
		for _, y := range ways {
			w.cut[y] = true
		}
	})
}

// Heal heals ways.
func (w *network) Heal(ways ...way) {
	w.change(func() {
		for _, y := range ways {
			delete(w.cut, y)
		}
	})
}

func (w *network) healAll() { w.change(func() { clear(w.cut) }) }

func (w *network) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	w.moved.Broadcast()
}

func (w *network) isCut(y way) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut[y]
}

// await returns when the way is not cut, or false when the network is closed.
func (w *network) await(y way) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.cut[y] && !w.closed {
		w.moved.Wait()
	}
	return !w.closed
}

// sever ends the connections over those ways at once, with all that is still to arrive. Cut first, none comes back.
func (w *network) sever(ways []way) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c, y := range w.open {
		if slices.Contains(ways, y) {
			_ = c.Close()
		}
	}
}

// keep notes connections that are to be closed with the network.
func (w *network) keep(y way, conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		for _, c := range conns {
			w.open[c] = y
		}
	}
	return !w.closed
}

func (w *network) drop(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(w.open, c)
	}
}

func (w *network) close() {
	w.change(func() {
		w.closed = true
		for _, l := range w.proxies {
			_ = l.Close()
		}
		for c := range w.open {
			_ = c.Close()
		}
	})
	w.running.Wait()
}

// between are the ways from any of one group to any of the other.
func between(from, to []int) (ways []way) {
	for _, f := range from {
		for _, t := range to {
			ways = append(ways, way{f, t})
		}
	}
	return ways
}

// without are all members but those.
func (w *network) without(some ...int) (rest []int) {
	for i := range w.n {
		if !slices.Contains(some, i) {
			rest = append(rest, i)
		}
	}
	return rest
}
