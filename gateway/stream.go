package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/cpgate/cpgate/internal/frame"
	"github.com/cpgate/cpgate/internal/store"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/session"
)

var errGoingAway = fmt.Errorf("%w: this gateway goes away", store.ErrUnavailable)

// streams is cpgate.v1.StreamService.
type streams struct {
	calls    *calls
	crew     *crew
	keeper   *session.Keeper
	leaving  signal // the gateway is about to stop
	stopping signal // it stops
	cpgatev1.UnsafeStreamServiceServer
}

func newStreams(c *calls, keeper *session.Keeper) *streams {
	stopping := newSignal()
	return &streams{
		calls: c, crew: newCrew(stopping.given), keeper: keeper, leaving: newSignal(), stopping: stopping,
	}
}

// signal is given once, and for good.
type signal struct {
	given <-chan struct{}
	give  func()
}

func newSignal() signal {
	c := make(chan struct{})
	return signal{c, sync.OnceFunc(func() { close(c) })}
}

// Connect serves one stream. Nothing of it runs any more when it returns, but for the reading of a last frame.
func (s *streams) Connect(wire grpc.BidiStreamingServer[cpgatev1.ClientFrame, cpgatev1.ServerFrame]) error {
	ctx, cancel := context.WithCancel(wire.Context())
	out := newOutbox()
	x := &stream{
		streams: s, wire: wire, ctx: ctx,
		room: make(chan struct{}, frame.MaxCalls), out: out, places: newPlaces(s.keeper.Attend(), out),
		running: map[uint64]context.CancelFunc{}, due: dueTimes{}, news: s.keeper.Attend(),
		unseen: make(chan struct{}, 1), drained: make(chan struct{}),
	}
	defer func() {
		x.close()
		cancel()
		<-x.drained
		x.news.Stop()
		x.places.news.Stop()
	}()
	return x.serve()
}

// stream is one stream of one client.
type stream struct {
	*streams
	wire grpc.BidiStreamingServer[cpgatev1.ClientFrame, cpgatev1.ServerFrame]
	ctx  context.Context
	// room has one for each call under way, until its answer leaves. So it also bounds what waits to leave.
	room   chan struct{}
	out    *outbox
	places *places

	tasks   sync.WaitGroup // calls and renewals; guarded by closed
	drained chan struct{}  // closed when it is, and no task runs

	mu      sync.Mutex
	closed  bool                          // nothing more is begun
	running map[uint64]context.CancelFunc // ends a call under way
	due     dueTimes
	news    *store.Wait   // of the sessions in it, and what they lose
	unseen  chan struct{} // receives when there may be news that nobody has seen
}

// serve sends what there is to be told, until the client leaves or the gateway stops.
func (x *stream) serve() error {
	read := make(chan error, 1)
	go func() { read <- x.read() }()
	leaving, stopping := x.leaving.given, x.stopping.given
	var end error
	var look, walk <-chan time.Time
	for {
		select {
		case err := <-read:
			if err != nil {
				return err
			}
			x.close() // the client has no more to ask, and gets its answers
		case <-leaving:
			leaving = nil
			x.out.tell(&cpgatev1.Event{Event: &cpgatev1.Event_GoingAway{GoingAway: &cpgatev1.GoingAway{}}})
		case <-stopping:
			stopping = nil
			st, _ := statusOf(errGoingAway)
			end = st.Err()
			x.close()
		case <-x.news.News():
			x.tellLost()
			if look == nil {
				look = time.After(followPause)
			}
		case <-x.unseen:
			if look == nil {
				look = time.After(dueAgain)
			}
		case <-look:
			look = nil
			x.spawn(x.lookWho)
		case <-x.places.news.News():
			if walk == nil {
				walk = time.After(placesPause)
			}
		case <-walk:
			walk = nil
			x.spawn(x.places.tell)
		case <-x.out.ready:
			if err := x.send(); err != nil {
				return err
			}
		case <-x.drained:
			if err := x.send(); err != nil {
				return err
			}
			return end
		}
	}
}

// send sends all that is there.
func (x *stream) send() error {
	for f := x.out.take(); f != nil; f = x.out.take() {
		if err := x.wire.Send(f); err != nil {
			return err
		}
		for range f.GetAnswers() {
			<-x.room
		}
	}
	return nil
}

// spawn runs a task, unless the stream is closed.
func (x *stream) spawn(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return
	}
	x.tasks.Add(1)
	x.crew.run(func() {
		f()
		x.tasks.Done()
	})
}

// close begins nothing more. Closing twice is no error.
func (x *stream) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return
	}
	x.closed = true
	go func() {
		x.tasks.Wait()
		close(x.drained)
	}()
}
