package faults

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// The part of SOCKS5 (RFC 1928) that Go's HTTP client speaks: a connection to a name, without a password.
const (
	socksVersion     = 5
	socksConnect     = 1
	socksName        = 3
	socksSucceeded   = 0
	socksUnreachable = 4
)

// dialTimeout is after how long a connection over a way that is cut fails, as one does that gets no answer.
const dialTimeout = time.Second

// serve accepts the calls of one member to the others.
func (w *network) serve(from int, l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		w.running.Go(func() { w.carry(from, c) })
	}
}

// carry makes one connection and carries what passes, both ways.
func (w *network) carry(from int, c net.Conn) {
	if !w.keep(way{from, from}, c) { // the other end is not known yet
		_ = c.Close()
		return
	}
	defer w.drop(c)
	to, d, err := w.connect(from, c)
	if err != nil {
		return // told to the caller
	}
	defer w.drop(d)
	if !w.keep(way{from, to}, c, d) {
		return
	}
	done := make(chan struct{}, 2)
	go func() { w.pass(c, d, way{from, to}); done <- struct{}{} }()
	go func() { w.pass(d, c, way{to, from}); done <- struct{}{} }()
	<-done // an end that has arrived ends both ways
	w.drop(c, d)
	<-done
}

// connect does the handshake and dials.
func (w *network) connect(from int, c net.Conn) (to int, d net.Conn, err error) {
	name, err := readSocks(c)
	if err != nil {
		return 0, nil, err
	}
	to, addr, err := w.find(name)
	if err == nil && (w.isCut(way{from, to}) || w.isCut(way{to, from})) {
		time.Sleep(dialTimeout)
		err = errors.New("no answer")
	}
	if err == nil {
		d, err = net.Dial("tcp", addr)
	}
	reply := byte(socksSucceeded)
	if err != nil {
		reply = socksUnreachable
	}
	_, failed := c.Write([]byte{socksVersion, reply, 0, 1, 0, 0, 0, 0, 0, 0})
	if failed != nil && d != nil {
		_ = d.Close()
	}
	return to, d, errors.Join(err, failed)
}

// readSocks reads whom the caller wants to reach.
func readSocks(c net.Conn) (name string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c, head[:]); err != nil || head[0] != socksVersion {
		return "", fmt.Errorf("greeting %v: %w", head, err)
	}
	if _, err := io.CopyN(io.Discard, c, int64(head[1])); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte{socksVersion, 0}); err != nil {
		return "", err
	}
	var q [5]byte
	if _, err := io.ReadFull(c, q[:]); err != nil {
		return "", err
	}
	if q[1] != socksConnect || q[3] != socksName {
		return "", fmt.Errorf("request %v is no connection to a name", q)
	}
	rest := make([]byte, int(q[4])+2)
	if _, err := io.ReadFull(c, rest); err != nil {
		return "", err
	}
	host, port := rest[:q[4]], binary.BigEndian.Uint16(rest[q[4]:])
	return net.JoinHostPort(string(host), strconv.Itoa(int(port))), nil
}

// pass carries bytes one way until the end of the connection has arrived too. What the other end no longer takes is lost:
// that it is gone, the sender is told over the way back.
func (w *network) pass(from, to net.Conn, y way) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !w.await(y) || errors.Is(err, net.ErrClosed) {
			return
		}
		if n > 0 {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}
