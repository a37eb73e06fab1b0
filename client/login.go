package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const (
	// passTries is how many passes an attempt shows at most: the one that is there, which may be old, one that another call
	// got meanwhile and that may be too, and one of its own.
	passTries = 3
	// loginLimit bounds a login. A password costs a server far more work than any other call, and after an outage very many
	// may log in at once.
	loginLimit = 30 * time.Second
)

// login is who the client is to a cluster with access control. nil is nobody.
type login struct {
	user, password string
	flights        singleflight.Group // one login at a time at each endpoint, for all the calls that need it

	mu     sync.Mutex
	passes map[*endpoint]*pass // a server that is no member knows only those that it gave itself
	last   *pass               // the newest of all: members know each other's, and a server that is new is tried with it
}

// pass is what a login gave: a token, or none where the cluster has no access control.
type pass struct{ token string }

func newLogin(user, password string) *login {
	if user == "" {
		return nil
	}
	return &login{user: user, password: password, passes: map[*endpoint]*pass{}}
}

// show makes a call over k, with a pass. One that is refused for its pass did nothing, so it is made again with another.
func (l *login) show(ctx context.Context, k link, call func(context.Context) error) error {
	if l == nil {
		return call(ctx)
	}
	var shown *pass
	var refusal error
	for range passTries {
		p, err := l.pass(ctx, k, shown)
		if err != nil {
			return err
		}
		if refusal = call(p.on(ctx)); status.Code(refusal) != codes.Unauthenticated {
			return refusal
		}
		shown = p
	}
	return refusal
}

// pass gives the pass for k, another one than that refused, nil for none. It logs in where there is no other.
func (l *login) pass(ctx context.Context, k link, refused *pass) (*pass, error) {
	if p := l.known(k.to); p != refused {
		return p, nil
	}
	// The call for which it logs in may end before the others that wait for it.
	answer := l.flights.DoChan(k.to.addr, func() (any, error) {
		if p := l.known(k.to); p != refused {
			return p, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loginLimit)
		defer cancel()
		return l.renew(ctx, k)
	})
	select {
	case a := <-answer:
		p, _ := a.Val.(*pass)
		return p, a.Err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// known gives the pass for an endpoint; nil where there is none yet.
func (l *login) known(to *endpoint) *pass {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.passes[to]; p != nil {
		return p
	}
	return l.last
}

// renew logs in. Where there is no access control yet, that is remembered like a token.
func (l *login) renew(ctx context.Context, k link) (*pass, error) {
	r, err := cpgatev1.NewAuthServiceClient(k.conn).Login(ctx, &cpgatev1.LoginRequest{User: l.user, Password: l.password})
	if err = asError(err); err != nil && !errors.Is(err, ErrAuthNotEnabled) {
		return nil, fmt.Errorf("logging in as %q: %w", l.user, err)
	}
	p := &pass{r.GetToken()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passes[k.to], l.last = p, p
	return p, nil
}

// on gives the context of a call that shows p.
func (p *pass) on(ctx context.Context) context.Context {
	if p == nil || p.token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+p.token)
}
