package client

import (
	"context"
	"math"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// stream is one stream of calls. It ends with its connection, or when it is retired and nothing is under way on it.
type stream struct {
	wire  grpc.BidiStreamingClient[cpgatev1.ClientFrame, cpgatev1.ServerFrame]
	hang  context.CancelFunc
	ready chan struct{} // receives once or more after something is to be sent
	done  chan struct{} // closed when it has ended, and err says why
	err   error

	mu      sync.Mutex
	over    bool
	retired bool
	last    uint64
	pending map[uint64]chan<- *cpgatev1.Answer // calls under way, also such whose callers have left
	places  map[uint64]chan int                // of those that are to be told; each has room for the last one
	calls   []*cpgatev1.Call                   // to be sent
	cancels []uint64
	who     string // made the call that was taken last
}

func openStream(conn *grpc.ClientConn) (*stream, error) {
	ctx, cancel := context.WithCancel(context.Background())
	wire, err := cpgatev1.NewStreamServiceClient(conn).Connect(ctx, grpc.MaxCallRecvMsgSize(math.MaxInt32))
	if err != nil {
		cancel()
		return nil, err
	}
	return &stream{
		wire: wire, hang: cancel, ready: make(chan struct{}, 1), done: make(chan struct{}),
		pending: map[uint64]chan<- *cpgatev1.Answer{}, places: map[uint64]chan int{},
	}, nil
}

// ask makes a call and waits for its answer, or until ctx ends: then the server is told to end it.
func (s *stream) ask(ctx context.Context, method string, c *cpgatev1.Call, into proto.Message) error {
	if until, ok := ctx.Deadline(); ok {
		c.AnswerWithin = durationpb.New(time.Until(until))
	}
	answer, told := make(chan *cpgatev1.Answer, 1), toldOf(ctx)
	c.TellPosition = told != nil
	place, err := s.begin(c, answer)
	if err != nil {
		return err
	}
	for over := false; !over; {
		select {
		case a := <-answer:
			return frame.Read(a, method, into)
		case position := <-place:
			told(position)
		case <-ctx.Done():
			s.cancel(c.GetId())
			return status.FromContextError(ctx.Err()).Err()
		case <-s.done:
			over = true
		}
	}
	select {
	case a := <-answer: // it came with the end
		return frame.Read(a, method, into)
	default:
		return s.err
	}
}

// begin puts a call among those to be sent. There is room for so many: a server would read no more. It gives where its place
// is told; nil for a call that is not told.
func (s *stream) begin(c *cpgatev1.Call, answer chan<- *cpgatev1.Answer) (place <-chan int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, s.err
	}
	if s.retired || len(s.pending) == frame.MaxCalls {
		return nil, errBySelf
	}
	s.last++
	c.Id = s.last
	s.pending[c.Id] = answer
	if c.GetTellPosition() {
		s.places[c.Id] = make(chan int, 1)
	}
	s.calls = append(s.calls, c)
	s.poke()
	return s.places[c.Id], nil
}

// cancel lets a call end whose caller has left. It counts until the server has answered it all the same.
func (s *stream) cancel(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.pending[id]; ok {
		s.cancels = append(s.cancels, id)
		s.poke()
	}
}

func (s *stream) poke() {
	select {
	case s.ready <- struct{}{}:
	default: // what is there is sent with it
	}
}

// send sends what there is, until the stream ends.
func (s *stream) send() {
	for {
		select {
		case <-s.ready:
		case <-s.done:
			return
		}
		for f := s.take(); f != nil; f = s.take() {
			if s.wire.Send(f) != nil {
				return // receive is told why
			}
		}
	}
}

// take makes a frame of as much as goes into one; nil of nothing.
func (s *stream) take() *cpgatev1.ClientFrame {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls)+len(s.cancels) == 0 {
		return nil
	}
	n, size := 0, 0
	for ; n < len(s.calls); n++ {
		if size += proto.Size(s.calls[n]); size > frame.Size && n > 0 {
			break
		}
		s.name(s.calls[n])
	}
	f := &cpgatev1.ClientFrame{Calls: s.calls[:n:n]}
	if s.calls = s.calls[n:]; len(s.calls) == 0 { // those behind may be what is cancelled
		f.Cancels, s.cancels = s.cancels, nil
	}
	return f
}

// name leaves out who makes a call where it is who made the one before.
func (s *stream) name(c *cpgatev1.Call) {
	who := c.GetAuthorization()
	c.Authorization = nil
	if who != s.who {
		c.Authorization, s.who = &who, who
	}
}

// receive hands out what comes, until the stream ends. Heard says whether anything came.
func (s *stream) receive(hear func(*cpgatev1.Event)) (heard bool, why error) {
	for ; ; heard = true {
		f, err := s.wire.Recv()
		if err != nil {
			return heard, err
		}
		for _, e := range f.GetEvents() {
			if p := e.GetPositionChanged(); p != nil {
				s.stands(p.GetCallId(), int(p.GetPosition()))
			} else {
				hear(e)
			}
		}
		s.deliver(f.GetAnswers())
	}
}

func (h hearer) event(e *cpgatev1.Event) {
	switch e := e.GetEvent().(type) {
	case *cpgatev1.Event_SessionEnded:
		h.sessionEnded(e.SessionEnded.GetSessionId())
	case *cpgatev1.Event_HoldLost:
		h.holdLost(e.HoldLost)
	case *cpgatev1.Event_GoingAway:
		h.goingAway()
	}
}

// stands lets a call know its position, unless it is over. One that it has not seen yet is seen no more.
func (s *stream) stands(id uint64, position int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place, ok := s.places[id]; ok {
		select {
		case <-place:
		default:
		}
		place <- position
	}
}

func (s *stream) deliver(answers []*cpgatev1.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range answers {
		if answer, ok := s.pending[a.GetId()]; ok {
			delete(s.pending, a.GetId())
			delete(s.places, a.GetId())
			answer <- a
		}
	}
	s.rest()
}

// finish ends the calls under way with err.
func (s *stream) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.err = true, err
	close(s.done)
	s.hang()
}

// retire takes no more calls.
func (s *stream) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	s.rest()
}

// rest hangs up when nothing is under way any more and nothing more comes; the caller has s.mu.
func (s *stream) rest() {
	if s.retired && len(s.pending) == 0 {
		s.hang()
	}
}
