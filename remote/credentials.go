package remote

import (
	"context"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	grpcpeer "google.golang.org/grpc/peer"
)

// shown is what a call says of who makes it. As with etcd, a token comes first, good or not.
type shown struct {
	token   string
	byToken bool
	name    string // in the certificate, which the port has verified; empty without one
}

// shownBy looks where etcd does: see AuthInfoFromCtx in its package auth.
func shownBy(ctx context.Context) shown {
	for _, field := range []string{rpctypes.TokenFieldNameGRPC, rpctypes.TokenFieldNameSwagger} {
		if all := metadata.ValueFromIncomingContext(ctx, field); len(all) > 0 {
			return shown{token: strings.TrimPrefix(all[0], "Bearer "), byToken: true}
		}
	}
	return shown{name: commonName(ctx)}
}

func commonName(ctx context.Context) string {
	p, ok := grpcpeer.FromContext(ctx)
	if !ok {
		return ""
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return ""
	}
	for _, chain := range info.State.VerifiedChains {
		if len(chain) > 0 {
			return chain[0].Subject.CommonName
		}
	}
	return ""
}

// claimed returns the user whom a signed token names; empty for a token of another kind. It is read by the library that
// etcd reads it by, so that both find the same; whether the signature is good is for etcd to say.
func claimed(token string) string {
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		return ""
	}
	user, _ := claims["username"].(string)
	return user
}
