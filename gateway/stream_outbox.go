package gateway

import (
	"sync"

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
	n, size := 0, 0
	for n < len(o.answers) {
		size += proto.Size(o.answers[n])
		if size > frame.Size && n > 0 {
			break
		}
		n++
	}
	f := &cpgatev1.ServerFrame{Answers: o.answers[:n:n], Events: o.events}
	o.answers, o.events = o.answers[n:], nil
	return f
}
