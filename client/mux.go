package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// withoutStream is how long a server that has none is not asked for a stream again.
const withoutStream = time.Minute

// errBySelf says that a call that did nothing has to go by itself.
var errBySelf = errors.New("not over a stream")

// mux makes the calls of one connection go over a stream. It is the innermost interceptor of the connection, so that
// what is above, a user's own interceptors included, sees the same calls, answers and errors however they go. What a frame
// can't say, and whatever a server without streams is asked, goes by itself.
type mux struct {
	hear func(*cpgatev1.Event)

	mu      sync.Mutex
	now     *opening  // of the stream that calls go over; nil when it has to be opened
	without time.Time // up to then the server has no stream
}

// hearer is told what servers say beside their answers.
type hearer struct {
	sessionEnded func(id string)
	holdLost     func(*cpgatev1.HoldLost)
	goingAway    func()
}

// opening is that of a stream.
type opening struct {
	over   chan struct{} // closed when it is
	stream *stream
	err    error
}

func (m *mux) call(ctx context.Context, method string, q, a any, conn *grpc.ClientConn, bySelf grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	c := asFrame(ctx, method, q.(proto.Message), opts)
	if c == nil {
		return bySelf(ctx, method, q, a, conn, opts...)
	}
	named := c.Authorization != nil
	s, err := m.stream(ctx, conn)
	if err == nil {
		err = s.ask(ctx, method, c, a.(proto.Message))
	}
	if status.Code(err) == codes.Unauthenticated && !named {
		m.leave(s) // a DialOption may have newer credentials
		err = errBySelf
	}
	if errors.Is(err, errBySelf) {
		return bySelf(ctx, method, q, a, conn, opts...)
	}
	return err
}

// asFrame gives a call as a frame has it; nil where a frame can't say all of it.
func asFrame(ctx context.Context, method string, q proto.Message, opts []grpc.CallOption) *cpgatev1.Call {
	for _, o := range opts {
		if _, ok := o.(grpc.StaticMethodCallOption); !ok {
			return nil
		}
	}
	c := frame.NewCall(method, q)
	if c == nil || proto.Size(c) > frame.Size {
		return nil
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	for key, values := range md {
		if key != "authorization" || len(values) != 1 {
			return nil
		}
		c.Authorization = &values[0]
	}
	return c
}

// stream gives the stream, opened when there is none.
func (m *mux) stream(ctx context.Context, conn *grpc.ClientConn) (*stream, error) {
	o := m.join(conn)
	if o == nil {
		return nil, errBySelf
	}
	select {
	case <-o.over:
		return o.stream, o.err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// join gives the opening to wait for, begun when there is none; nil where the server has no stream.
func (m *mux) join(conn *grpc.ClientConn) *opening {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil {
		if time.Now().Before(m.without) {
			return nil
		}
		m.now = &opening{over: make(chan struct{})}
		go m.open(conn, m.now)
	}
	return m.now
}

// open ends when the connection is closed at the latest.
func (m *mux) open(conn *grpc.ClientConn, o *opening) {
	defer close(o.over)
	s, err := openStream(conn)
	if err != nil {
		o.err = m.ended(o, err, false)
		return
	}
	o.stream = s
	go s.send()
	go func() {
		heard, err := s.receive(m.hear)
		s.finish(m.ended(o, err, heard))
	}()
}

// leave makes further calls open another stream than s, which ends when the last of its calls has.
func (m *mux) leave(s *stream) {
	m.mu.Lock()
	if m.now != nil && m.now.stream == s {
		m.now = nil
	}
	m.mu.Unlock()
	s.retire()
}

// ended takes note of the end of a stream, and gives what it means to the calls on it. Heard says whether the server ever
// answered there.
func (m *mux) ended(o *opening, err error, heard bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == o {
		m.now = nil
	}
	switch code := status.Code(err); {
	case code == codes.Unavailable, code == codes.Canceled:
		return err
	case heard: // so it had streams, and may have done what is under way
	case code == codes.Unimplemented:
		m.without = time.Now().Add(withoutStream)
		return errBySelf
	default: // something in between does not let it through
		m.without = time.Now().Add(withoutStream)
	}
	return status.Errorf(codes.Unavailable, "the stream of calls ended: %v", err)
}
