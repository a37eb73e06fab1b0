package embedded

import (
	"context"
	"errors"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/auth"
	"go.etcd.io/etcd/server/v3/etcdserver"

	"github.com/cpgate/cpgate/internal/access"
)

var (
	errNoCredentials = errors.New("the call says not who makes it")
	errOldToken      = errors.New("users or roles have changed since the token was signed")
)

// control is the access control of the cluster, as the member's own copy of its users and roles has it.
type control struct{ server *etcdserver.EtcdServer }

// Access returns who callers are and what they may do.
func (m *Member) Access() access.Control { return control{m.etcd.Server} }

func (c control) Caller(ctx context.Context) (access.Caller, error) {
	if !c.server.AuthStore().IsAuthEnabled() {
		return nil, nil
	}
	info, err := c.known(ctx)
	if err != nil {
		return nil, err
	}
	return &caller{c, ctx, info}, nil
}

// known returns who makes the call of ctx, as of the newest revision of the users and roles. It is behind that when they
// have just changed, or for a signed token, which stays as old as it is.
func (c control) known(ctx context.Context) (*auth.AuthInfo, error) {
	store := c.server.AuthStore()
	for last := uint64(0); ; {
		info, err := c.server.AuthInfoFromCtx(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, unauthenticated(err)
		case info == nil || info.Username == "":
			return nil, unauthenticated(errNoCredentials)
		case info.Revision == last:
			return nil, unauthenticated(errOldToken)
		case info.Revision < store.Revision():
			last = info.Revision
			continue
		}
		if _, err := store.UserGet(&pb.AuthUserGetRequest{Name: info.Username}); err != nil { // a certificate may name anybody
			return nil, unauthenticated(err)
		}
		return info, nil
	}
}

func (c control) Login(ctx context.Context, user, password string) (string, error) {
	a, err := c.server.Authenticate(ctx, &pb.AuthenticateRequest{Name: user, Password: password})
	switch {
	case err == nil:
		return a.Token, nil
	case errors.Is(err, auth.ErrAuthNotEnabled):
		return "", access.ErrNotEnabled
	case errors.Is(err, auth.ErrAuthFailed), errors.Is(err, auth.ErrNoPasswordUser):
		return "", unauthenticated(auth.ErrAuthFailed)
	}
	return "", fmt.Errorf("logging in: %w", err)
}

func unauthenticated(why error) error { return fmt.Errorf("%w: %w", access.ErrUnauthenticated, why) }

// caller is a user as of some revision of the users and roles.
type caller struct {
	control
	ctx  context.Context // of the call
	info *auth.AuthInfo
}

func (c *caller) Name() string { return c.info.Username }

func (c *caller) MayRead(r access.Range) error {
	return c.may(func(s auth.AuthStore) error { return s.IsRangePermitted(c.info, []byte(r.From), end(r)) })
}

func (c *caller) MayWrite(r access.Range) error {
	return c.may(func(s auth.AuthStore) error { return s.IsDeleteRangePermitted(c.info, []byte(r.From), end(r)) })
}

func (c *caller) IsRoot() error {
	return c.may(func(s auth.AuthStore) error { return s.IsAdminPermitted(c.info) })
}

// may asks again when users or roles have changed since the caller was known.
func (c *caller) may(ask func(auth.AuthStore) error) error {
	for {
		switch err := ask(c.server.AuthStore()); {
		case err == nil:
			return nil
		case errors.Is(err, auth.ErrPermissionDenied):
			return access.ErrDenied
		case !errors.Is(err, auth.ErrAuthOldRevision):
			return unauthenticated(err) // the user has just gone
		}
		info, err := c.known(c.ctx)
		if err != nil {
			return err
		}
		c.info = info
	}
}

func end(r access.Range) []byte {
	if r.To == "" {
		return nil
	}
	return []byte(r.To)
}
