package gateway

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/cpgate/cpgate/internal/access"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// maxPassword is what bcrypt takes, by which etcd keeps passwords.
const maxPassword = 72

// authService is cpgate.v1.AuthService.
type authService struct {
	access access.Control
	ready  func() error
	cpgatev1.UnsafeAuthServiceServer
}

func (s *authService) Login(ctx context.Context, r *cpgatev1.LoginRequest) (*cpgatev1.LoginResponse, error) {
	user, password := r.GetUser(), r.GetPassword()
	if user == "" {
		var err error
		if user, password, err = basic(ctx); err != nil {
			return nil, err
		}
	}
	if n := len(password); n > maxPassword {
		return nil, invalid("password", "must be at most %d bytes, is %d", maxPassword, n)
	}
	if err := s.ready(); err != nil {
		return nil, err
	}
	token, err := s.access.Login(ctx, user, password)
	if err != nil {
		return nil, answered(ctx, err)
	}
	return &cpgatev1.LoginResponse{Token: token}, nil
}

// basic reads HTTP's Basic authorization: RFC 7617.
func basic(ctx context.Context) (user, password string, err error) {
	all := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(all) == 0 || all[0] == "" {
		return "", "", invalid("user", "must not be empty, unless authorization is Basic")
	}
	scheme, encoded, _ := strings.Cut(all[0], " ")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	user, password, ok := strings.Cut(string(decoded), ":")
	if !strings.EqualFold(scheme, "basic") || err != nil || !ok || user == "" {
		return "", "", fmt.Errorf("%w: authorization is not Basic", access.ErrUnauthenticated)
	}
	return user, password, nil
}
