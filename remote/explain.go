package remote

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"
)

// explainTimeout bounds the try to find out what stands in the way.
const explainTimeout = time.Second

// explain adds to err what TLS has against each of the endpoints, if it is that: gRPC tries again in silence, and etcd's
// client says only that nobody has answered.
func (r *Cluster) explain(err error) error {
	if r.config.TLS == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), explainTimeout)
	defer cancel()
	for _, e := range r.Endpoints() {
		if why := r.shakeHands(ctx, e); why != nil {
			err = fmt.Errorf("%w; %s: %w", err, e, why)
		}
	}
	return err
}

// shakeHands connects once. Both sides have agreed when the first byte comes: what the other one has against our
// certificate it says behind the handshake.
func (r *Cluster) shakeHands(ctx context.Context, endpoint string) error {
	if _, hostPort, ok := strings.Cut(endpoint, "://"); ok {
		endpoint = hostPort
	}
	c := r.config.TLS.Clone()
	c.NextProtos = []string{"h2"}
	conn, err := (&tls.Dialer{Config: c}).DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(until)
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}
