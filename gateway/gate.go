package gateway

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// gate lets pass the calls that their callers may make. Rights are looked at when a call begins: a wait goes on though
// they change.
type gate struct {
	access   access.Control
	space    keys.Space
	sessions *session.Keeper
}

func newGate(c Config) *gate { return &gate{c.Access, c.Sessions.Store.Space, c.Sessions} }

// pass is a gRPC interceptor.
func (g *gate) pass(ctx context.Context, q any, i *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if anybodysCalls[i.FullMethod] {
		return next(ctx, q)
	}
	who, err := g.access.Caller(ctx)
	if err != nil {
		return nil, answered(ctx, err)
	}
	if who == nil {
		return next(ctx, q)
	}
	if err := g.permits(ctx, who, i.FullMethod, q); err != nil {
		return nil, answered(ctx, err)
	}
	a, err := next(context.WithValue(ctx, callerKey{}, who), q)
	if err == nil {
		g.hide(who, q, a.(proto.Message))
	}
	return a, err
}

// permits returns nil for a caller who may make the call.
func (g *gate) permits(ctx context.Context, who access.Caller, method string, q any) error {
	may, ok := rights[method]
	if !ok {
		return who.IsRoot()
	}
	if err := may(g.space, who, q); err != nil {
		return err
	}
	for _, id := range sessionsOf(q) {
		if err := g.serves(ctx, id, who); err != nil {
			return err
		}
	}
	return nil
}

// serves returns nil for who opened the session, for root, and for a session that is gone, which the call finds out.
func (g *gate) serves(ctx context.Context, id session.ID, who access.Caller) error {
	user, live, err := g.sessions.Owner(ctx, id)
	if err != nil || !live || user == who.Name() {
		return err
	}
	return who.IsRoot()
}

// sessionsOf returns the sessions that a request is for. What is no id is left to the call to refuse.
func sessionsOf(q any) (ids []session.ID) {
	var all []string
	switch q := q.(type) {
	case interface{ GetSessionId() string }:
		all = []string{q.GetSessionId()}
	case interface{ GetSessionIds() []string }:
		all = q.GetSessionIds()
	}
	for _, s := range all {
		if id, err := session.ParseID(s); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// answered makes an etcd that does not answer about users and rights one that is out of reach.
func answered(ctx context.Context, err error) error {
	for _, known := range []error{access.ErrUnauthenticated, access.ErrDenied, access.ErrNotEnabled, store.ErrUnavailable} {
		if errors.Is(err, known) {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("asking for the caller's rights: %w: %w", store.ErrUnavailable, err)
}

// callerKey is where a call's context has its caller, under access control.
type callerKey struct{}

// userOf returns who makes the call; empty without access control.
func userOf(ctx context.Context) string {
	if who, ok := ctx.Value(callerKey{}).(access.Caller); ok {
		return who.Name()
	}
	return ""
}

// seesOnly returns the user whose sessions alone the caller may see; empty for one who may see all.
func seesOnly(ctx context.Context) string {
	who, ok := ctx.Value(callerKey{}).(access.Caller)
	if !ok || who.IsRoot() == nil {
		return ""
	}
	return who.Name()
}
