package guard

import (
	"io"
	"net"
	"testing"
	"time"
)

// chunk is bytes and when they may leave.
type chunk struct {
	bytes []byte
	at    time.Time
}

// far returns where the server at to answers as one that is far away: what it sends comes so much later.
func far(t *testing.T, to string, by time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go pass(in, to, by)
		}
	}()
	return l.Addr().String()
}

// pass carries a connection on, until one side ends it.
func pass(in net.Conn, to string, by time.Duration) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() {
		defer func() { _ = out.Close() }()
		_, _ = io.Copy(out, in)
	}()
	late := make(chan chunk, 1024)
	go func() {
		defer close(late)
		for buf := make([]byte, 64<<10); ; {
			n, err := out.Read(buf)
			if err != nil {
				return
			}
			late <- chunk{append([]byte(nil), buf[:n]...), time.Now().Add(by)}
		}
	}()
	for c := range late {
		time.Sleep(time.Until(c.at))
		if _, err := in.Write(c.bytes); err != nil {
			_ = out.Close()
		}
	}
}
