package tests_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// realm is a node of a cluster with access control.
type realm struct {
	*rig // as nobody
	root *clientv3.Client
}

// permission is one of a role's: to the key, or to all that start with it.
type permission struct {
	kind   clientv3.PermissionType
	key    string
	prefix bool
}

const (
	canRead  = clientv3.PermissionType(clientv3.PermRead)
	canWrite = clientv3.PermissionType(clientv3.PermWrite)
	canBoth  = clientv3.PermissionType(clientv3.PermReadWrite)
)

// passwordOf is every user's.
func passwordOf(user string) string { return user + "'s word" }

// newRealm starts a node and switches access control on, with a role for each user.
func newRealm(t *testing.T, users map[string][]permission, options ...func(*cpgate.Config)) *realm {
	t.Helper()
	if *kind != "member" {
		options = append(options, actsAsRoot(t))
	}
	r := &realm{rig: started(t, options...)}
	for user, permissions := range users {
		r.addUser(user, permissions...)
	}
	r.enable()
	r.root = r.etcdAs("root")
	r.etcd = r.root
	return r
}

// enable switches access control on.
func (r *rig) enable() {
	r.Helper()
	_ = must(r.etcd.UserAdd(r.soon(), "root", passwordOf("root")))(r.T)
	_ = must(r.etcd.UserGrantRole(r.soon(), "root", "root"))(r.T)
	_ = must(r.etcd.AuthEnable(r.soon()))(r.T)
}

// actsAsRoot gives a node without a member of its own the user that it needs.
func actsAsRoot(t *testing.T) func(*cpgate.Config) {
	t.Helper()
	file := passwordFile(t)
	return func(c *cpgate.Config) { c.EtcdUser, c.EtcdPasswordFile = "root", file }
}

// passwordFile has the password of root.
func passwordFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(passwordOf("root")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (r *realm) addUser(user string, permissions ...permission) {
	r.Helper()
	_ = must(r.etcd.UserAdd(r.soon(), user, passwordOf(user)))(r.T)
	_ = must(r.etcd.RoleAdd(r.soon(), user))(r.T)
	_ = must(r.etcd.UserGrantRole(r.soon(), user, user))(r.T)
	r.grant(user, permissions...)
}

func (r *realm) grant(role string, permissions ...permission) {
	r.Helper()
	for _, p := range permissions {
		_ = must(r.etcd.RoleGrantPermission(r.soon(), role, p.key, p.end(), p.kind))(r.T)
	}
}

func (p permission) end() string {
	if p.prefix {
		return clientv3.GetPrefixRangeEnd(p.key)
	}
	return ""
}

// etcdAs is a client of etcd's API.
func (r *realm) etcdAs(user string) *clientv3.Client {
	r.Helper()
	c := must(clientv3.New(clientv3.Config{Endpoints: []string{r.addr}, Username: user, Password: passwordOf(user), DialTimeout: soon}))(r.T)
	r.Cleanup(func() { _ = c.Close() })
	return c
}

// login returns a new token of the user; none for nobody.
func (r *realm) login(user string) (token string) {
	r.Helper()
	if user == "" {
		return ""
	}
	r.await("the login of "+user, func() bool {
		a, err := cpgatev1.NewAuthServiceClient(r.conn).Login(r.soon(), &cpgatev1.LoginRequest{User: user, Password: passwordOf(user)})
		if got := reason(err); got != "OK" && got != "NO_QUORUM" {
			r.Fatalf("logging in as %s: %v", user, err)
		}
		token = a.GetToken()
		return err == nil
	})
	return token
}

// as makes the calls go with the token.
func (r *realm) as(call route, token string) *rig {
	return r.over(route(func(ctx context.Context, method string, q proto.Message) (proto.Message, error) {
		return call(bearing(ctx, token), method, q)
	}))
}

func bearing(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}
