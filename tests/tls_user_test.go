package tests_test

import (
	"context"
	"errors"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/cpgatetest"
	"github.com/cpgate/cpgate/internal/certs"
)

// etcd's own authentication takes the common name of a client's certificate for its user, behind our TLS as behind its own.
func TestTLS_TellsEtcdWhoTheClientIs(t *testing.T) {
	f := newFolder(t)
	node := cpgatetest.Start(t, cpgatetest.WithConfig(func(c *cpgate.Config) {
		c.CertFile, c.KeyFile, c.ClientCAFile = f.in(certs.ServerCert), f.in(certs.ServerKey), f.in(certs.CACert)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	dial := func(user, password string) *clientv3.Client {
		c := must(clientv3.New(clientv3.Config{
			Endpoints: []string{node.Addr()}, TLS: identity{trusts: f, shows: f}.tls(t), Username: user, Password: password,
			Logger: zap.NewNop(), Context: ctx,
		}))(t)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	named := dial("", "")
	_ = must(named.RoleAdd(ctx, "mine"))(t)
	_ = must(named.RoleGrantPermission(ctx, "mine", "mine/", clientv3.GetPrefixRangeEnd("mine/"), clientv3.PermissionType(clientv3.PermReadWrite)))(t)
	_ = must(named.UserAddWithOptions(ctx, "client", "", &clientv3.UserAddOptions{NoPassword: true}))(t)
	_ = must(named.UserGrantRole(ctx, "client", "mine"))(t)
	_ = must(named.UserAdd(ctx, "root", "secret"))(t)
	_ = must(named.UserGrantRole(ctx, "root", "root"))(t)
	_ = must(named.AuthEnable(ctx))(t)

	if _, err := named.Put(ctx, "mine/a", "1"); err != nil {
		t.Errorf("what the user may: %v", err)
	}
	if _, err := named.Put(ctx, "yours/a", "1"); !errors.Is(err, rpctypes.ErrPermissionDenied) {
		t.Errorf("what the user may not: %v", err)
	}
	_ = must(dial("root", "secret").AuthDisable(ctx))(t)
}
