package client

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// passTries is how many passes a call shows at most: the one that is there, which may be old, one that another call got
// meanwhile and that may be too, and one of its own.
const passTries = 3

// login is who the client is to a cluster with access control. Every call of every connection goes through it.
type login struct {
	user, password string
	flights        singleflight.Group // one login at a time to each server, for all the calls that need it

	mu     sync.Mutex
	passes map[string]*pass // by server: one that is no member knows only those that it gave itself
	last   *pass            // the newest of all: members know each other's, and a server that is new is tried with it
}

// pass is what a login gave: a token, or none where the cluster has no access control.
type pass struct{ token string }

func newLogin(user, password string) *login {
	return &login{user: user, password: password, passes: map[string]*pass{}}
}

// call is a grpc.UnaryClientInterceptor. A call that is refused for its token did nothing, so it may be repeated just as it is.
func (l *login) call(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	ask := func(ctx context.Context) (string, error) {
		var r cpgatev1.LoginResponse
		err := invoke(ctx, cpgatev1.AuthService_Login_FullMethodName,
			&cpgatev1.LoginRequest{User: l.user, Password: l.password}, &r, conn, opts...)
		return r.GetToken(), err
	}
	var shown *pass
	var refusal error
	for range passTries {
		p, err := l.pass(ctx, conn.Target(), shown, ask)
		if err != nil {
			return err
		}
		refusal = invoke(p.on(ctx), method, req, reply, conn, opts...)
		if status.Code(refusal) != codes.Unauthenticated {
			return refusal
		}
		shown = p
	}
	return refusal
}

// pass gives what to show to a server that refused that one, nil for none. It asks for a new one where there is no other.
func (l *login) pass(ctx context.Context, server string, refused *pass, ask func(context.Context) (string, error)) (*pass, error) {
	if p := l.known(server); p != refused {
		return p, nil
	}
	// The call for which it is asked may end before the others that wait for it.
	answer := l.flights.DoChan(server, func() (any, error) {
		if p := l.known(server); p != refused {
			return p, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shortCall)
		defer cancel()
		return l.renew(ctx, server, ask)
	})
	select {
	case a := <-answer:
		p, _ := a.Val.(*pass)
		return p, a.Err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (l *login) known(server string) *pass {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.passes[server]; p != nil {
		return p
	}
	return l.last
}

// renew logs in. Where there is no access control yet, that is remembered like a token.
func (l *login) renew(ctx context.Context, server string, ask func(context.Context) (string, error)) (*pass, error) {
	token, err := ask(ctx)
	if err = asError(err); err != nil && !errors.Is(err, ErrAuthNotEnabled) {
		return nil, fmt.Errorf("logging in as %q: %w", l.user, err)
	}
	p := &pass{token}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passes[server], l.last = p, p
	return p, nil
}

// on gives the context of a call that shows p.
func (p *pass) on(ctx context.Context) context.Context {
	if p.token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+p.token)
}
