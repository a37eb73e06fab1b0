package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// maxBody is how large a request may be, in bytes.
	maxBody = 1 << 20
	// maxDrained is how much of a larger one is read and thrown away, so that its sender gets to read the
	// answer instead of a broken connection.
	maxDrained = 64 << 20
	// bodyTime is how long the sending of it may take.
	bodyTime = 30 * time.Second
)

var errBodyTooLarge = errors.New("the request body is larger than 1 MiB")

// body is a request body that was read, with what was found wrong in it. The generated handlers hand the body
// to the decoder, keep only the text of its error, and hand the same request to the error handler.
type body struct {
	*bytes.Reader
	fault *fieldError
}

func (*body) Close() error { return nil }

// blame remembers the fault with the body that was read.
func blame(r io.Reader, e *fieldError) error {
	if b, ok := r.(*body); ok {
		b.fault = e
	}
	return e
}

// readBody reads the whole body. Only then does net/http notice when the client leaves.
func readBody(w http.ResponseWriter, r *http.Request) (*body, error) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(bodyTime))
	defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxBody {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
		return nil, errBodyTooLarge
	}
	return &body{Reader: bytes.NewReader(b)}, nil
}
