package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/cpgate/cpgate/internal/store"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// placesPause is how long news of the lines are gathered in which calls of a stream wait that asked for their place.
const placesPause = 200 * time.Millisecond

// places are those of the calls of one stream that asked to be told.
type places struct {
	news *store.Wait // of the lines
	out  *outbox

	mu    sync.Mutex
	calls map[uint64]*place
	lines map[string]int // how many calls are in each
}

// place is where a call waits.
type place struct {
	line     string
	position func() int // 0 while it does not wait
	told     int
}

func newPlaces(news *store.Wait, out *outbox) *places {
	return &places{news: news, out: out, calls: map[uint64]*place{}, lines: map[string]int{}}
}

// asking is the key of what a call's context has that asked for its place.
type asking struct{}

// asked returns what lets the client of a call know its position in a line, until the call is over; nil where it did not ask.
func asked(ctx context.Context) func(line string, position func() int) {
	tell, _ := ctx.Value(asking{}).(func(string, func() int))
	return tell
}

// ask returns the context of a call that asks for its place.
func (p *places) ask(ctx context.Context, id uint64) context.Context {
	return context.WithValue(ctx, asking{}, func(line string, position func() int) { p.enter(id, line, position) })
}

func (p *places) enter(id uint64, line string, position func() int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[id] = &place{line: line, position: position}
	if p.lines[line]++; p.lines[line] == 1 {
		p.news.Add(line)
	}
}

// leave tells no more of a call's place.
func (p *places) leave(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.calls[id]
	if !ok {
		return
	}
	delete(p.calls, id)
	if p.lines[at.line]--; p.lines[at.line] == 0 {
		delete(p.lines, at.line)
		p.news.Remove(at.line)
	}
}

// tell tells of the places that are not what was told last.
func (p *places) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, at := range p.calls {
		if now := at.position(); now > 0 && now != at.told {
			at.told = now
			e := &cpgatev1.PositionChanged{CallId: id, Position: int32(now)}
			p.out.tell(&cpgatev1.Event{Event: &cpgatev1.Event_PositionChanged{PositionChanged: e}})
		}
	}
}
