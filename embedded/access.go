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
	store := c.server.AuthStore()
	if !store.IsAuthEnabled() {
		return nil, nil
	}
	info, err := c.server.AuthInfoFromCtx(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, unauthenticated(err)
	case info == nil || info.Username == "":
		return nil, unauthenticated(errNoCredentials)
	case info.Revision < store.Revision():
		return nil, unauthenticated(errOldToken)
	}
	if _, err := store.UserGet(&pb.AuthUserGetRequest{Name: info.Username}); err != nil { // a certificate may name anybody
		return nil, unauthenticated(err)
	}
	return caller{info, store}, nil
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
	info  *auth.AuthInfo
	store auth.AuthStore
}

func (c caller) Name() string { return c.info.Username }

func (c caller) MayRead(r access.Range) error {
	return denied(c.store.IsRangePermitted(c.info, []byte(r.From), end(r)))
}

func (c caller) MayWrite(r access.Range) error {
	return denied(c.store.IsDeleteRangePermitted(c.info, []byte(r.From), end(r)))
}

func (c caller) IsRoot() error { return denied(c.store.IsAdminPermitted(c.info)) }

func end(r access.Range) []byte {
	if r.To == "" {
		return nil
	}
	return []byte(r.To)
}

func denied(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, auth.ErrPermissionDenied):
		return access.ErrDenied
	}
	return unauthenticated(err) // the user is gone, or other roles came, since the caller was known
}
