package remote

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// longest is how long an answer is waited for: longer than a leader takes to be elected.
	longest = 5 * time.Second
	// againPause is between two tries to get one.
	againPause = 50 * time.Millisecond
	// readyEvery is how late it is noticed that there is no leader any more.
	readyEvery = 100 * time.Millisecond
)

// share lets all who ask the same at the same time ask once. ask serves calls that it does not know, so it ends by itself.
func share[T any](ctx context.Context, asked *singleflight.Group, question string, ask func() (T, error)) (answer T, err error) {
	select {
	case a := <-asked.DoChan(question, func() (any, error) { return ask() }):
		answer, _ = a.Val.(T)
		return answer, a.Err
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

// persist asks etcd something that may be asked twice, until it answers, since a question dies with the leader that it
// was put to. It gives up with a cluster that has no leader.
func (c *control) persist(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		if err := c.cluster.Ready(); err != nil {
			return err
		}
		err := c.once(ctx, ask)
		if err == nil || answered(err) {
			return err
		}
		select {
		case <-time.After(againPause):
		case <-ctx.Done():
			return err
		}
	}
}

// once asks once, for no longer than a leader is known.
func (c *control) once(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	go func() {
		for c.cluster.Ready() == nil && ctx.Err() == nil {
			select {
			case <-time.After(readyEvery):
			case <-ctx.Done():
			}
		}
		cancel()
	}()
	return ask(ctx)
}

// answered reports whether err is what etcd has to say, rather than that it can't say anything now.
func answered(err error) bool {
	code := status.Code(err)
	var e rpctypes.EtcdError
	switch {
	case errors.As(err, &e):
		code = e.Code()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return false
	}
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted:
		return false
	}
	return true
}
