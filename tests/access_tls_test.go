package tests_test

import (
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/internal/certs"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// The common name of a client's certificate is its user, over gRPC and REST alike; a token beside it comes first. A name that
// is no user's is nobody.
func TestAccess_ACertificateNamesTheUser(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	options := []func(*cpgate.Config){func(c *cpgate.Config) {
		c.CertFile, c.KeyFile, c.ClientCAFile = f.in(certs.ServerCert), f.in(certs.ServerKey), f.in(certs.CACert)
	}}
	if *kind != "member" {
		options = append(options, actsAsRoot(t))
	}
	secure := identity{trusts: f, shows: f}.tls(t)
	node := startNode(t, asOptions(options)...)
	named := &realm{rig: &rig{T: t, addr: node.Addr()}}
	named.etcd = must(clientv3.New(clientv3.Config{Endpoints: []string{node.Addr()}, TLS: secure, DialTimeout: soon}))(t)
	t.Cleanup(func() { _ = named.etcd.Close() })
	all := routesOver(t, node.Addr(), secure)
	ask := map[string]*rig{}
	for route, call := range all {
		ask[route] = named.as(call, "").on(t)
	}
	for _, user := range []string{"root", "bob"} {
		_ = must(named.etcd.UserAdd(named.soon(), user, passwordOf(user)))(t)
	}
	_ = must(named.etcd.UserGrantRole(named.soon(), "root", "root"))(t)
	_ = must(named.etcd.AuthEnable(named.soon()))(t)
	root := must(clientv3.New(clientv3.Config{
		Endpoints: []string{node.Addr()}, TLS: secure, DialTimeout: soon, Username: "root", Password: passwordOf("root"),
	}))(t)
	t.Cleanup(func() { _ = root.Close() })

	for route, as := range ask {
		as.await("the stranger to be turned away over "+route, func() bool {
			return reason(as.ask(as.soon(), &cpgatev1.OpenSessionRequest{})) == "UNAUTHENTICATED"
		})
	}
	named.etcd = root
	named.addUser("client", permission{kind: canBoth, key: "cp/lock/orders/", prefix: true}) // the name in the certificate
	for route, as := range ask {
		as.await("the user to be known over "+route, func() bool { return as.ask(as.soon(), &cpgatev1.OpenSessionRequest{}) == nil })
		id := as.session(30)
		as.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
		as.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
		as.refuses(as.ask(as.soon(), try(id, "orders2")), cpgatev1.ErrorReason_PERMISSION_DENIED)
		named.conn = all[route]
		bob := named.as(all[route], named.login("bob")).on(t)
		bob.refuses(bob.ask(bob.soon(), try(bob.session(30), "orders")), cpgatev1.ErrorReason_PERMISSION_DENIED)
		bob.refuses(bob.ask(bob.soon(), &cpgatev1.HeartbeatRequest{SessionId: id}), cpgatev1.ErrorReason_PERMISSION_DENIED)
		wrong := named.as(all[route], "wrong").on(t)
		wrong.refuses(wrong.ask(wrong.soon(), &cpgatev1.OpenSessionRequest{}), cpgatev1.ErrorReason_UNAUTHENTICATED)
	}
}
