package client

import (
	"context"
	"fmt"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Latch is a handle on the countdown latch of one name: any number of programs wait until a number of arrivals has been
// counted down. A latch at zero can be set again; that is its next round. It needs no session, and a handle is safe for
// use by many goroutines.
type Latch struct {
	c    *Client
	name string
}

// Round names a round of a latch. It rises from round to round, not by 1; 0 is that of a latch never set.
type Round int64

// Arrival names one arrival, so that it counts once however often it is told, also by a program that was started again.
type Arrival struct {
	// ID is who arrives: 1 to 64 bytes of UTF-8; empty stands for nobody told of before. An id that arrived in a round
	// counts no more in the next one either, so that a late repeat can't: where a latch is set again, an id should
	// name the round, or the run, too.
	ID string
	// Round is what it arrives in; 0 means the round that is on. An arrival in a round that is over does nothing.
	Round Round
}

// Latch gives a handle on the latch of that name, 1 to 512 bytes of UTF-8; a trailing "@default" is dropped. It does no
// I/O: a name that is not allowed shows at the first call.
func (c *Client) Latch(name string) *Latch { return &Latch{c: c, name: name} }

// TrySetCount begins a round of n arrivals, 1 to 100000, if nothing remains of the last one. Otherwise nothing changes,
// and the answer is false. The round that is on is given either way.
//
// Errors: ErrInvalidName, ErrInvalidArgument, ErrDamaged, ErrClosed; the cause of ctx, and whether the round has begun is
// unknown then.
func (l *Latch) TrySetCount(ctx context.Context, n int) (Round, bool, error) {
	count, err := number("count", n)
	if err != nil {
		return 0, false, fmt.Errorf("setting %q: %w", l.name, err)
	}
	id := newID()
	r, err := brief(ctx, l.c, "setting", l.name, func(ctx context.Context, a attempt) (*cpgatev1.TrySetCountResponse, error) {
		return l.on(a).TrySetCount(ctx, &cpgatev1.TrySetCountRequest{
			Name: l.name, Count: count, RequestId: id, Attempt: a.n,
		})
	})
	return Round(r.GetRound()), r.GetSet(), err
}

// CountDown arrives once in the round that is on; at zero nothing happens. When ctx ends first, whether it counted is
// unknown: a caller who has to be sure arrives by CountDownAs, again and again.
//
// Errors: ErrTooManyArrivals, ErrInvalidName, ErrDamaged, ErrClosed, the cause of ctx.
func (l *Latch) CountDown(ctx context.Context) error { return l.CountDownAs(ctx, Arrival{}) }

// CountDownAs is CountDown under a name, which counts once however often it arrives.
//
// Errors: as those of CountDown, and ErrInvalidArgument, also for a round not yet reached.
func (l *Latch) CountDownAs(ctx context.Context, arrival Arrival) error {
	if arrival.ID == "" {
		arrival.ID = newID()
	}
	if err := validText("request_id", arrival.ID); err != nil {
		return fmt.Errorf("counting down %q: %w", l.name, err)
	}
	_, err := brief(ctx, l.c, "counting down", l.name, func(ctx context.Context, a attempt) (*cpgatev1.CountDownResponse, error) {
		return l.on(a).CountDown(ctx, &cpgatev1.CountDownRequest{
			Name: l.name, Round: int64(arrival.Round), RequestId: arrival.ID,
		})
	})
	return err
}

// on is the service as one attempt reaches it.
func (*Latch) on(a attempt) cpgatev1.CountDownLatchServiceClient {
	return cpgatev1.NewCountDownLatchServiceClient(a.conn)
}
