package gateway

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// authorization is where a call's metadata says who makes it.
const authorization = "authorization"

// read begins what the client asks for, until it has closed its side, and then returns nil.
func (x *stream) read() error {
	caller := x.ctx
	for {
		f, err := x.wire.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, c := range f.GetCalls() {
			if c.Authorization != nil {
				caller = x.calledBy(c.GetAuthorization())
			}
			if err := x.begin(caller, c); err != nil {
				return err
			}
		}
		x.cancel(f.GetCancels())
	}
}

// calledBy returns the context of calls that are made with that authorization, as unary ones would have it.
func (x *stream) calledBy(who string) context.Context {
	md, _ := metadata.FromIncomingContext(x.ctx)
	md = md.Copy()
	if md.Delete(authorization); who != "" {
		md.Set(authorization, who)
	}
	return metadata.NewIncomingContext(x.ctx, md)
}

// begin begins a call, once there is room for it.
func (x *stream) begin(caller context.Context, c *cpgatev1.Call) error {
	ctx, cancel := bounded(caller, c)
	if err := x.admit(c.GetId(), cancel); err != nil {
		cancel()
		return err.status().Err()
	}
	select {
	case x.room <- struct{}{}:
	case <-x.ctx.Done():
		cancel()
		return x.ctx.Err()
	}
	x.spawn(func() {
		if c.GetTellPosition() {
			ctx = x.places.ask(ctx, c.GetId())
		}
		a := x.answer(ctx, c)
		x.over(c)
		x.out.put(a)
	})
	return nil
}

// bounded returns the context of a call that ends when its client does not wait for its answer any more.
func bounded(caller context.Context, c *cpgatev1.Call) (context.Context, context.CancelFunc) {
	if c.AnswerWithin == nil {
		return context.WithCancel(caller)
	}
	return context.WithTimeout(caller, c.GetAnswerWithin().AsDuration())
}

// admit takes note of a call under way.
func (x *stream) admit(id uint64, cancel context.CancelFunc) *fieldError {
	if id == 0 {
		return invalid("calls.id", "must not be 0")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, taken := x.running[id]; taken {
		return invalid("calls.id", "must not be that of another call under way, is %d", id)
	}
	x.running[id] = cancel
	return nil
}

// over forgets a call, before it is answered: with the answer its id is free.
func (x *stream) over(c *cpgatev1.Call) {
	id := c.GetId()
	if c.GetTellPosition() {
		x.places.leave(id)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.running[id]()
	delete(x.running, id)
}

func (x *stream) cancel(ids []uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range ids {
		if cancel, ok := x.running[id]; ok {
			cancel()
		}
	}
}

// answer runs a call, as it would run without a stream.
func (x *stream) answer(ctx context.Context, c *cpgatev1.Call) *cpgatev1.Answer {
	name, q := frame.Request(c)
	m, ok := x.calls.methods[name]
	if !ok {
		return frame.NewAnswer(c.GetId(), "", nil, noRequest(c))
	}
	if closing, ok := q.(*cpgatev1.CloseSessionRequest); ok {
		for _, id := range sessionsOf(closing) {
			x.drop(id) // before it can be seen to have ended
		}
	}
	a, err := x.calls.do(ctx, m, func(v any) error {
		proto.Merge(v.(proto.Message), q)
		return nil
	})
	if err == nil {
		x.note(q, a.(proto.Message))
	}
	return frame.NewAnswer(c.GetId(), name, a, err)
}

// noRequest is the error of a call that asks for nothing, or for what is known to another version only.
func noRequest(c *cpgatev1.Call) error {
	if len(c.ProtoReflect().GetUnknown()) > 0 {
		return status.Error(codes.Unimplemented, "unknown request")
	}
	return invalid("calls.request", "must be set").status().Err()
}
