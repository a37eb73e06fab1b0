package gateway

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// maxSniffed is how much a client may say before its first request is known, in bytes.
	maxSniffed = 64 << 10
	// maxFrame is the largest frame that an HTTP/2 client may send before it knows our settings.
	maxFrame = 16 << 10
	// headerTable is the size of the header compression table of both sides at first.
	headerTable = 4 << 10
)

var errTalkative = errors.New("too much said before the first request")

// sniffer reads the beginning of a connection and keeps it, to be read again by whoever gets the connection.
type sniffer struct {
	conn     io.ReadWriter
	said     bytes.Buffer
	settings int // how many SETTINGS frames were sent in answer
}

func (s *sniffer) Read(p []byte) (int, error) {
	if s.said.Len() > maxSniffed {
		return 0, errTalkative
	}
	n, err := s.conn.Read(p)
	s.said.Write(p[:n])
	return n, err
}

// grpc reads until it is known whether the connection speaks gRPC. An error means that the client left, or
// makes no sense as HTTP/2.
func (s *sniffer) grpc() (bool, error) {
	if yes, err := s.preface(); !yes || err != nil {
		return false, err
	}
	f := http2.NewFramer(s.conn, s)
	f.SetMaxReadFrameSize(maxFrame)
	f.ReadMetaHeaders = hpack.NewDecoder(headerTable, nil)
	f.MaxHeaderListSize = maxSniffed
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return false, err
		}
		if h, ok := frame.(*http2.MetaHeadersFrame); ok {
			return speaksGRPC(h), nil
		}
		if err := s.greet(f, frame); err != nil {
			return false, err
		}
	}
}

// preface reports whether the first bytes are those of HTTP/2. It waits for no more once one differs, since a
// short HTTP/1 request may end there.
func (s *sniffer) preface() (bool, error) {
	want := []byte(http2.ClientPreface)
	for s.said.Len() < len(want) {
		if _, err := s.Read(make([]byte, len(want)-s.said.Len())); err != nil {
			return false, err
		}
		if said := s.said.Bytes(); !bytes.HasPrefix(want, said) {
			return false, refuseTLS(said)
		}
	}
	return true, nil
}

// handshakeRecord is the first byte of TLS, and of nothing that can be meant here.
const handshakeRecord = 0x16

// refuseTLS knows a client that says hello in TLS where there is none. net/http would wait for the end of a line.
func refuseTLS(said []byte) error {
	if said[0] == handshakeRecord {
		return errTLS
	}
	return nil
}

// greet answers the client's settings: gRPC clients wait for the server's before they send a request. These are
// empty; the server that gets the connection sends its own after them.
func (s *sniffer) greet(f *http2.Framer, frame http2.Frame) error {
	settings, ok := frame.(*http2.SettingsFrame)
	if !ok || settings.IsAck() {
		return nil
	}
	s.settings++
	return f.WriteSettings()
}

func speaksGRPC(h *http2.MetaHeadersFrame) bool {
	for _, f := range h.RegularFields() {
		if f.Name == "content-type" {
			return strings.HasPrefix(f.Value, "application/grpc")
		}
	}
	return false
}
