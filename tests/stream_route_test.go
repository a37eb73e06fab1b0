package tests_test

import (
	"context"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// streamed is the way over a stream, on which all calls go, and another one when it has ended.
type streamed struct {
	conn *grpc.ClientConn

	mu      sync.Mutex
	wire    grpc.BidiStreamingClient[cpgatev1.ClientFrame, cpgatev1.ServerFrame] // nil before the first call, and after an end
	last    uint64
	pending map[uint64]chan<- settled
}

// settled is an answer, or why there is none.
type settled struct {
	answer *cpgatev1.Answer
	err    error
}

func (s *streamed) ask(ctx context.Context, method string, q proto.Message) (proto.Message, error) {
	c := frame.NewCall(method, q)
	md, _ := metadata.FromOutgoingContext(ctx)
	c.Authorization = proto.String(strings.Join(md["authorization"], ""))
	got := make(chan settled, 1)
	if err := s.send(c, got); err != nil {
		return nil, err
	}
	select {
	case o := <-got:
		return o.read(method)
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = s.wire.Send(&cpgatev1.ClientFrame{Cancels: []uint64{c.GetId()}}) // an end of the stream ends the call too
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (o settled) read(method string) (proto.Message, error) {
	if o.err != nil {
		return nil, o.err
	}
	a := answerOf(method)
	return a, frame.Read(o.answer, method, a)
}

func (s *streamed) send(c *cpgatev1.Call, got chan<- settled) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wire == nil {
		if s.wire, err = cpgatev1.NewStreamServiceClient(s.conn).Connect(context.Background()); err != nil {
			return err
		}
		s.pending = map[uint64]chan<- settled{}
		go s.receive(s.wire)
	}
	s.last++
	c.Id = s.last
	s.pending[c.GetId()] = got
	return s.wire.Send(&cpgatev1.ClientFrame{Calls: []*cpgatev1.Call{c}})
}

// receive hands out what comes, until the connection is closed.
func (s *streamed) receive(wire grpc.BidiStreamingClient[cpgatev1.ClientFrame, cpgatev1.ServerFrame]) {
	for {
		f, err := wire.Recv()
		s.mu.Lock()
		for _, a := range f.GetAnswers() {
			s.pending[a.GetId()] <- settled{answer: a}
			delete(s.pending, a.GetId())
		}
		if err != nil {
			for _, got := range s.pending {
				got <- settled{err: err}
			}
			s.wire = nil
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}
