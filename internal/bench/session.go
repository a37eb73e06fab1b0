package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// NewSessions is work with sessions that do nothing but live: one for each caller, renewed every so often. What a
// heartbeat takes counts from the moment at which it was due. It opens the sessions, with heartbeats spread over the
// interval from then on; end closes them, whether or not it could open all.
func NewSessions(ctx context.Context, conns []grpc.ClientConnInterface, callers int, ttl, interval time.Duration) (w Work, end func(context.Context) error, err error) {
	all := make([]*idler, callers)
	for n := range all {
		all[n] = &idler{on: cpgatev1.NewSessionServiceClient(conns[n%len(conns)])}
	}
	end = func(ctx context.Context) error {
		return each(ctx, all, func(ctx context.Context, i *idler) error { return i.close(ctx) })
	}
	err = each(ctx, all, func(ctx context.Context, i *idler) error { return i.open(ctx, ttl) })
	for _, i := range all {
		i.due = time.Now().Add(rand.N(interval))
	}
	w = Work{
		Steps: []string{"heartbeat"},
		Cycle: func(ctx context.Context, caller int, lap *Lap) error {
			i := all[caller]
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(time.Until(i.due)):
			}
			lap.Start(i.due)
			if err := i.beat(ctx); err != nil {
				return err
			}
			lap.Done()
			i.due = i.due.Add(interval)
			return nil
		},
	}
	return w, end, err
}

// idler is one session. Its due is its caller's.
type idler struct {
	on  cpgatev1.SessionServiceClient
	id  string
	due time.Time
}

func (i *idler) open(ctx context.Context, ttl time.Duration) error {
	r, err := i.on.OpenSession(ctx, &cpgatev1.OpenSessionRequest{TtlSeconds: int32(ttl / time.Second)})
	i.id = r.GetSessionId()
	return err
}

func (i *idler) beat(ctx context.Context) error {
	_, err := i.on.Heartbeat(ctx, &cpgatev1.HeartbeatRequest{SessionId: i.id})
	return err
}

func (i *idler) close(ctx context.Context) error {
	if i.id == "" {
		return nil
	}
	_, err := i.on.CloseSession(ctx, &cpgatev1.CloseSessionRequest{SessionId: i.id})
	return err
}
