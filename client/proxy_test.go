package client_test

import (
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and a node, so that a test can break the line in every way there is.
type proxy struct {
	listener net.Listener
	to       string
	wg       sync.WaitGroup

	mu     sync.Mutex
	moved  *sync.Cond
	conns  map[net.Conn]bool
	down   bool // refuses connections
	frozen bool // nothing passes, connections stay
	mute   bool // answers are swallowed
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, to: to, conns: map[net.Conn]bool{}}
	p.moved = sync.NewCond(&p.mu)
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.cut()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil || !p.keep(in, out) {
			in.Close()
			continue
		}
		p.wg.Go(func() { p.pass(in, out, false) })
		p.wg.Go(func() { p.pass(out, in, true) })
	}
}

func (p *proxy) keep(in, out net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		out.Close()
		return false
	}
	p.conns[in], p.conns[out] = true, true
	return true
}

func (p *proxy) pass(from, to net.Conn, answers bool) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if p.gate(answers) && n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// gate waits while the proxy is frozen and says whether the bytes go on.
func (p *proxy) gate(answers bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.frozen {
		p.moved.Wait()
	}
	return !(answers && p.mute)
}

func (p *proxy) set(change func(*proxy)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
	p.moved.Broadcast()
}

func (p *proxy) freeze() { p.set(func(p *proxy) { p.frozen = true }) }

func (p *proxy) thaw() { p.set(func(p *proxy) { p.frozen = false }) }

// muteAnswers lets requests through and their answers vanish.
func (p *proxy) muteAnswers() { p.set(func(p *proxy) { p.mute = true }) }

// cut breaks every connection and refuses new ones; what came in before is lost.
func (p *proxy) cut() {
	p.set(func(p *proxy) {
		p.down, p.frozen = true, false
		for c := range p.conns {
			c.Close()
		}
		clear(p.conns)
	})
}

// mend lets new connections through.
func (p *proxy) mend() { p.set(func(p *proxy) { p.down, p.mute = false, false }) }
