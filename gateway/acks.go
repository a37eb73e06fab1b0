package gateway

import (
	"encoding/binary"
	"io"

	"golang.org/x/net/http2"
)

// frameHeader is the length of what precedes every HTTP/2 frame.
const frameHeader = 9

// ackFilter reads an HTTP/2 client's side of a connection and leaves out its first acknowledgements: those of
// the settings that the sniffer sent. net/http counts them, and hangs up on one that it did not ask for; grpc
// does not mind.
type ackFilter struct {
	conn io.Reader
	drop int    // acknowledgements still to leave out
	pass int    // bytes still to hand on before the next frame begins
	head []byte // of the next frame, as far as it was read
	out  []byte // a head that is to be handed on
}

// newAckFilter filters a connection from its first byte on.
func newAckFilter(conn io.Reader, drop int) *ackFilter {
	return &ackFilter{conn: conn, drop: drop, pass: len(http2.ClientPreface)}
}

func (a *ackFilter) Read(p []byte) (int, error) {
	for {
		switch {
		case len(a.out) > 0:
			n := copy(p, a.out)
			a.out = a.out[n:]
			return n, nil
		case a.pass > 0:
			n, err := a.conn.Read(p[:min(len(p), a.pass)])
			a.pass -= n
			return n, err
		case a.drop == 0:
			return a.conn.Read(p)
		}
		if err := a.frame(); err != nil {
			return 0, err
		}
	}
}

// frame reads a bit more of a frame's head. What it has read stays when a read deadline cuts it short.
func (a *ackFilter) frame() error {
	var b [frameHeader]byte
	n, err := a.conn.Read(b[:frameHeader-len(a.head)])
	a.head = append(a.head, b[:n]...)
	if len(a.head) < frameHeader {
		return err
	}
	head := a.head
	a.head = nil
	if http2.FrameType(head[3]) == http2.FrameSettings && http2.Flags(head[4]).Has(http2.FlagSettingsAck) {
		a.drop--
		return nil
	}
	a.out, a.pass = head, int(binary.BigEndian.Uint32(head)>>8)
	return nil
}
