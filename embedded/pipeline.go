package embedded

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/lease"
	"go.etcd.io/etcd/server/v3/lease/leasehttp"
	"golang.org/x/net/proxy"
	"google.golang.org/protobuf/proto"
)

const (
	// dialTimeout bounds the way to a peer port, and answerTimeout an answer from there.
	dialTimeout   = time.Second
	answerTimeout = time.Second
	// mostSent is how many answers may be outstanding.
	mostSent = 1024
	// maxAnswer is more than the answer to any renewal takes, in bytes.
	maxAnswer = 64 << 10
)

// pipeline is one connection to a member's peer port, on which leases are renewed. Nothing goes over it twice: who is told that
// it has ended asks in another way.
type pipeline struct {
	peer  string // its URL
	begun time.Time
	ctx   context.Context // ends with the pipeline, and says why
	end   context.CancelCauseFunc
	asked chan renewal
	sent  chan renewal // in order, as the answers come
}

type renewal struct {
	id     lease.LeaseID
	answer chan answer // of one place
}

type answer struct {
	ttl int64
	err error
}

// newPipeline makes one that lasts as long as ctx does at the most.
func newPipeline(ctx context.Context, peer string) *pipeline {
	p := &pipeline{peer: peer, begun: time.Now(), asked: make(chan renewal), sent: make(chan renewal, mostSent)}
	p.ctx, p.end = context.WithCancelCause(ctx)
	return p
}

func (p *pipeline) renew(ctx context.Context, id lease.LeaseID) (int64, error) {
	r := renewal{id, make(chan answer, 1)}
	select {
	case p.asked <- r:
	case <-p.ctx.Done():
		return 0, context.Cause(p.ctx)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case a := <-r.answer:
		return a.ttl, a.err
	case <-p.ctx.Done():
		return 0, context.Cause(p.ctx)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// run connects, and sends what is asked until the pipeline ends. Then nothing of it runs any more.
func (p *pipeline) run(c *tls.Config) {
	conn, err := p.dial(c)
	if err != nil {
		p.end(err)
		return
	}
	context.AfterFunc(p.ctx, func() { _ = conn.Close() }) // frees whoever reads or writes
	var receiving sync.WaitGroup
	defer receiving.Wait()
	receiving.Go(func() { p.receive(conn) })
	for out := bufio.NewWriter(conn); ; {
		select {
		case r := <-p.asked:
			if err := p.send(out, r); err != nil {
				p.end(err)
				return
			}
		case <-p.ctx.Done():
			return
		}
	}
}

// send sends r, and with it what others are just asking.
func (p *pipeline) send(out *bufio.Writer, r renewal) error {
	for {
		if err := p.write(out, r.id); err != nil {
			return err
		}
		select {
		case p.sent <- r:
		case <-p.ctx.Done():
			return context.Cause(p.ctx)
		}
		select {
		case r = <-p.asked:
		default:
			return out.Flush()
		}
	}
}

func (p *pipeline) write(out io.Writer, id lease.LeaseID) error {
	body, err := proto.Marshal(&pb.LeaseKeepAliveRequest{ID: int64(id)})
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.peer+leasehttp.LeasePrefix, bytes.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/protobuf")
	return q.Write(out)
}

// receive hands the answers to those who asked. One that is neither a yes nor a no ends the pipeline: what is behind it
// should not wait as well.
func (p *pipeline) receive(conn net.Conn) {
	in := bufio.NewReader(conn)
	for {
		select {
		case r := <-p.sent:
			_ = conn.SetReadDeadline(time.Now().Add(answerTimeout))
			ttl, err := read(in, r.id)
			if err != nil && !errors.Is(err, lease.ErrLeaseNotFound) {
				p.end(err)
				return
			}
			r.answer <- answer{ttl, err}
		case <-p.ctx.Done():
			return
		}
	}
}

func read(in *bufio.Reader, of lease.LeaseID) (ttl int64, err error) {
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return 0, err
	}
	switch r.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return 0, lease.ErrLeaseNotFound
	default:
		return 0, fmt.Errorf("the leader answered %s: %s", r.Status, body)
	}
	var a pb.LeaseKeepAliveResponse
	if err := proto.Unmarshal(body, &a); err != nil {
		return 0, err
	}
	if a.ID != int64(of) {
		return 0, fmt.Errorf("the leader answered about lease %x, asked about %x", a.ID, of)
	}
	return a.TTL, nil
}

// dial connects as etcd's members do, through a proxy where the environment has one.
func (p *pipeline) dial(c *tls.Config) (net.Conn, error) {
	u, err := url.Parse(p.peer)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(p.ctx, dialTimeout)
	defer cancel()
	by, err := dialer(u)
	if err != nil {
		return nil, err
	}
	conn, err := by.DialContext(ctx, "tcp", u.Host)
	if err != nil || u.Scheme != "https" {
		return conn, err
	}
	if c == nil {
		_ = conn.Close()
		return nil, errors.New("the leader wants TLS")
	}
	c = c.Clone()
	c.ServerName = u.Hostname()
	secured := tls.Client(conn, c)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

func dialer(to *url.URL) (proxy.ContextDialer, error) {
	by, err := http.ProxyFromEnvironment(&http.Request{URL: to})
	if err != nil || by == nil {
		return &net.Dialer{}, err
	}
	d, err := proxy.FromURL(by, &net.Dialer{})
	if err != nil {
		return nil, err
	}
	c, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, fmt.Errorf("proxy %s knows no time limit", by.Redacted())
	}
	return c, nil
}
