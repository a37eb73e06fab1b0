package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// lingerTime and maxLinger bound what is read from a client that is turned away: unread, it would make the kernel
	// reset the connection, and the client would not see why.
	lingerTime = time.Second
	maxLinger  = 64 << 10
)

const (
	noTLS   = "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nThis port speaks plain text: call it without TLS.\n"
	onlyTLS = "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nThis port speaks TLS: call it with https.\n"
)

// errTLS means that a client greets a port of plain text with TLS.
var errTLS = errors.New("a client spoke TLS to a port of plain text")

// handshake does that of TLS, where the port has it.
func (c *conn) handshake() error {
	if t, ok := c.Conn.(*tls.Conn); ok {
		return t.HandshakeContext(context.Background()) // the connection has a deadline
	}
	return nil
}

// turnAway ends a connection that came to nothing so that its client learns why: by the alert that TLS has sent, or in
// a line for who takes this port for one with TLS, or without.
func (c *conn) turnAway(err error) {
	var plain tls.RecordHeaderError
	switch {
	case errors.Is(err, errTLS):
		_, _ = io.WriteString(c.raw, noTLS)
	case errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader):
		_, _ = io.WriteString(c.raw, onlyTLS)
	}
	if t, ok := c.raw.(*net.TCPConn); ok && t.CloseWrite() == nil {
		_ = t.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.Copy(io.Discard, io.LimitReader(t, maxLinger))
	}
	c.drop()
}

func looksLikeHTTP(begin [5]byte) bool {
	for _, method := range []string{"GET /", "HEAD ", "POST ", "PUT /", "DELET", "PATCH", "OPTIO"} {
		if strings.HasPrefix(string(begin[:]), method) {
			return true
		}
	}
	return false
}

// identity is what TLS knows of the client; nil on a port of plain text. etcd takes the common name of a verified
// certificate for the user, and looks for exactly this type.
func (c *conn) identity() credentials.AuthInfo {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	return credentials.TLSInfo{
		State:          t.ConnectionState(),
		CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
	}
}

// handshaken are the credentials of a gRPC server whose connections have their handshake behind them.
type handshaken struct {
	credentials.TransportCredentials
}

func newHandshaken() handshaken { return handshaken{insecure.NewCredentials()} }

func (handshaken) ServerHandshake(nc net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if c, ok := nc.(*conn); ok {
		return nc, c.identity(), nil
	}
	return nc, nil, nil // the loopback, on which nobody is known
}
