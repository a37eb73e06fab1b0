package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/cpgate/cpgate/internal/access"
)

// fresh is how old a yes may be: what etcd last said of its access control counts for so long.
const fresh = time.Second

var (
	errNoCredentials = errors.New("the call says not who makes it")
	errForeignToken  = errors.New("this node has not seen whose token it is: log in through it")
)

// control is the cluster's access control. Callers are known by what etcd would know them by, and may what it would let
// them do; but it is asked as seldom as a second allows.
type control struct {
	ctx     context.Context // until the cluster is closed
	cluster *Cluster
	nobody  *clientv3.Client // asks in the name of whose token goes with the question
	status  atomic.Pointer[authStatus]
	users   users

	watching, reading, trying singleflight.Group
}

// authStatus is what etcd says of its access control.
type authStatus struct {
	asked    time.Time // what was changed before is in it
	on       bool
	revision uint64 // rises with every change of users and roles, and when access control is switched off
}

// Access returns who callers are and what they may do.
func (r *Cluster) Access() access.Control { return r.access }

func newControl(ctx context.Context, r *Cluster) (*control, error) {
	nobody, err := r.NewNobody(grpc.WithUnaryInterceptor(plainly))
	return &control{ctx: ctx, cluster: r, nobody: nobody}, err
}

// plainly stands where clientv3 would try again and again with a token that etcd does not take.
func plainly(
	ctx context.Context, method string, q, a any, on *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	return invoke(ctx, method, q, a, on, options...)
}

func (c *control) Caller(ctx context.Context) (access.Caller, error) {
	who := &caller{control: c, ctx: ctx, began: time.Now(), shown: shownBy(ctx)}
	err := who.decide(func(s authStatus, t time.Time) (err error) {
		who.user = ""
		if s.on {
			who.user, _, err = who.known(s, t)
		}
		return err
	})
	if err != nil || who.user == "" {
		return nil, err
	}
	return who, nil
}

func (c *control) Login(ctx context.Context, user, password string) (secret string, err error) {
	err = c.persist(ctx, func(ctx context.Context) error {
		a, err := c.nobody.Authenticate(ctx, user, password)
		if err == nil {
			secret = a.Token
		}
		return err
	})
	switch {
	case err == nil:
		return secret, nil
	case errors.Is(err, rpctypes.ErrAuthNotEnabled):
		return "", access.ErrNotEnabled
	case errors.Is(err, rpctypes.ErrAuthFailed), strings.Contains(err.Error(), noPassword):
		return "", unauthenticated(rpctypes.ErrAuthFailed)
	}
	return "", fmt.Errorf("logging in: %w", err)
}

// noPassword is what etcd says, under no code of its own, when a user without a password is logged in.
const noPassword = "password was given for no password user"

func unauthenticated(why error) error { return fmt.Errorf("%w: %w", access.ErrUnauthenticated, why) }

// since returns what etcd said of its access control when it was asked at t or later.
func (c *control) since(ctx context.Context, t time.Time) (authStatus, error) {
	if s := c.status.Load(); s != nil && !s.asked.Before(t) {
		return *s, nil
	}
	for {
		s, err := share(ctx, &c.watching, "", c.ask)
		if err != nil || !s.asked.Before(t) { // it may have been asked for others, before
			return s, err
		}
	}
}

func (c *control) ask() (s authStatus, err error) {
	err = c.persist(c.ctx, func(ctx context.Context) error {
		asked := time.Now()
		a, err := c.cluster.client.AuthStatus(ctx)
		if err != nil {
			return fmt.Errorf("asking for access control: %w", err)
		}
		s = authStatus{asked, a.Enabled, a.AuthRevision}
		return nil
	})
	if err == nil {
		c.status.Store(&s)
	}
	return s, err
}

// whose returns the user whose token it is. etcd has taken the token in the last seconds, and since users or roles were last
// seen to change.
func (c *control) whose(ctx context.Context, secret string, s authStatus) (user string, err error) {
	user, good := c.tokens().look(secret, s.revision)
	if user == "" {
		user = claimed(secret)
	}
	switch {
	case good:
		return user, nil
	case user == "":
		return "", unauthenticated(errForeignToken)
	}
	return share(ctx, &c.trying, fmt.Sprint(s.revision, " ", secret), func() (string, error) {
		asked := time.Now()
		err := c.try(secret)
		switch {
		case err == nil:
			c.tokens().note(secret, token{user: user, good: asked, revision: s.revision})
		case errors.Is(err, access.ErrUnauthenticated):
			c.tokens().forget(secret)
		}
		return user, err
	})
}

func (c *control) tokens() *tokens { return &c.cluster.tokens }

// try finds out whether etcd takes the token. A read shows it without an entry in etcd's log, whatever its user may read; and
// where users and roles have changed since a token was signed, only reads and writes are refused.
func (c *control) try(secret string) error {
	err := c.persist(c.ctx, func(ctx context.Context) error {
		ctx = metadata.AppendToOutgoingContext(ctx, rpctypes.TokenFieldNameGRPC, secret)
		for {
			_, err := c.nobody.Get(ctx, c.cluster.config.Key, clientv3.WithCountOnly())
			if !errors.Is(err, rpctypes.ErrAuthOldRevision) || claimed(secret) != "" {
				return err
			} // users or roles have changed during the read; only a signed token can be too old itself
		}
	})
	switch {
	case err == nil, errors.Is(err, rpctypes.ErrPermissionDenied):
		return nil
	case errors.Is(err, rpctypes.ErrInvalidAuthToken), errors.Is(err, rpctypes.ErrAuthOldRevision), errors.Is(err, rpctypes.ErrUserEmpty):
		return unauthenticated(err)
	}
	return fmt.Errorf("trying a token: %w", err)
}
