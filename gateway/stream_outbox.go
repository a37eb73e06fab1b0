package gateway

import (
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// outbox has what waits to be sent on a stream.
type outbox struct {
	ready chan struct{} // receives once or more after something was put in

	mu      sync.Mutex
	answers []*cpgatev1.Answer
	events  []*cpgatev1.Event
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

func (o *outbox) put(a *cpgatev1.Answer) {
	o.mu.Lock()
	o.answers = append(o.answers, a)
	o.mu.Unlock()
	o.poke()
}

func (o *outbox) tell(e *cpgatev1.Event) {
	o.mu.Lock()
	o.events = append(o.events, e)
	o.mu.Unlock()
	o.poke()
}

func (o *outbox) poke() {
	select {
	case o.ready <- struct{}{}:
	default: // what is there is taken with it
	}
}

// take makes a frame of as much as goes into one; nil of nothing.
func (o *outbox) take() *cpgatev1.ServerFrame {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.answers)+len(o.events) == 0 {
		return nil
	}
	f, room := &cpgatev1.ServerFrame{}, frame.Size
	f.Events, o.events, room = split(o.events, room)
	f.Answers, o.answers, _ = split(o.answers, room)
	return f
}

// split takes off the front what there is room for, and of what is too large for any frame one, into a frame of its own. Less
// is the room behind that.
func split[M proto.Message](all []M, room int) (taken, rest []M, less int) {
	n := 0
	for ; n < len(all); n++ {
		size := 1 + protowire.SizeBytes(proto.Size(all[n])) // with its field's number
		if size > room && room < frame.Size {
			break
		}
		room -= size
	}
	return all[:n:n], all[n:], room
}
