package remote_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/authpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/remote"
)

// soon is as long as anything may take on a busy machine.
const soon = 30 * time.Second

// rig is an etcd, and the access control of a node that serves it as root.
type rig struct {
	*testing.T
	etcd    *embed.Etcd
	stop    func() // of etcd's
	root    *clientv3.Client
	cluster *remote.Cluster
	access.Control
}

func newRig(t *testing.T, change ...func(*embed.Config)) *rig {
	t.Helper()
	r := &rig{T: t}
	r.etcd, r.stop = startEtcd(t, change...)
	r.root = r.client("root", "secret")
	done(r.root.UserAdd(r.soon(), "root", "secret"))(t)
	done(r.root.UserGrantRole(r.soon(), "root", "root"))(t)
	r.cluster = r.open("root", "secret")
	r.Control = r.cluster.Access()
	return r
}

// secured is a rig with access control, and with the users alice, who may read and write cp/lock/orders/ below, and bob,
// who may nothing.
func secured(t *testing.T, change ...func(*embed.Config)) *rig {
	t.Helper()
	r := newRig(t, change...)
	r.role("orders", "cp/lock/orders/", clientv3.PermReadWrite)
	for _, name := range []string{"alice", "bob"} {
		done(r.root.UserAdd(r.soon(), name, "of "+name))(t)
	}
	done(r.root.UserGrantRole(r.soon(), "alice", "orders"))(t)
	done(r.root.AuthEnable(r.soon()))(t)
	return r
}

func startEtcd(t *testing.T, change ...func(*embed.Config)) (e *embed.Etcd, stop func()) {
	t.Helper()
	c := embed.NewConfig()
	c.Name, c.Dir = "plain", filepath.Join(t.TempDir(), "etcd")
	c.ListenClientUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	c.AdvertiseClientUrls = c.ListenClientUrls
	c.ListenPeerUrls, c.AdvertisePeerUrls = nil, []url.URL{{Scheme: "unix", Host: "alone"}}
	c.InitialCluster = "plain=unix://alone"
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	c.BcryptCost = 4 // the least
	for _, f := range change {
		f(c)
	}
	e = must(embed.StartEtcd(c))(t)
	stop = sync.OnceFunc(e.Close)
	t.Cleanup(stop)
	select {
	case <-e.Server.ReadyNotify():
	case <-time.After(soon):
		t.Fatal("etcd has no leader")
	}
	return e, stop
}

func (r *rig) soon() context.Context {
	ctx, cancel := context.WithTimeout(r.Context(), soon)
	r.Cleanup(cancel)
	return ctx
}

func (r *rig) addr() string { return r.etcd.Clients[0].Addr().String() }

// client is one of etcd's own.
func (r *rig) client(user, password string) *clientv3.Client {
	r.Helper()
	c := must(clientv3.New(clientv3.Config{
		Endpoints: []string{r.addr()}, Username: user, Password: password, Logger: zap.NewNop(), DialTimeout: soon,
	}))(r.T)
	r.Cleanup(func() { _ = c.Close() })
	return c
}

// open is a node's, as that user.
func (r *rig) open(user, password string) *remote.Cluster {
	r.Helper()
	c := must(remote.Open(r.soon(), remote.Config{Endpoints: []string{r.addr()}, Key: "cp/", User: user, Password: password}))(r.T)
	r.Cleanup(func() { _ = c.Close() })
	return c
}

// role makes a role with a permission on a prefix.
func (r *rig) role(name, prefix string, kind authpb.Permission_Type) {
	r.Helper()
	done(r.root.RoleAdd(r.soon(), name))(r.T)
	r.permit(name, prefix, kind)
}

func (r *rig) permit(role, prefix string, kind authpb.Permission_Type) {
	r.Helper()
	done(r.root.RoleGrantPermission(r.soon(), role, prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(kind)))(r.T)
}

func (r *rig) login(user string) string {
	r.Helper()
	return must(r.Login(r.soon(), user, "of "+user))(r.T)
}

// with is the context of a call that came with that in its metadata.
func (r *rig) with(pairs ...string) context.Context {
	return metadata.NewIncomingContext(r.soon(), metadata.Pairs(pairs...))
}

// named is the context of a call from a client whose certificate has that name.
func named(ctx context.Context, name string) context.Context {
	chain := []*x509.Certificate{{Subject: pkix.Name{CommonName: name}}}
	state := tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{chain}}
	return peer.NewContext(ctx, &peer.Peer{AuthInfo: credentials.TLSInfo{State: state}})
}

// caller is who makes the call, which somebody does.
func (r *rig) caller(ctx context.Context) access.Caller {
	r.Helper()
	who := must(r.Caller(ctx))(r.T)
	if who == nil {
		r.Fatal("there is no access control")
	}
	return who
}

// refuses expects that it is not known who makes the call.
func (r *rig) refuses(ctx context.Context, what string) {
	r.Helper()
	if who, err := r.Caller(ctx); !errors.Is(err, access.ErrUnauthenticated) || who != nil {
		r.Errorf("%s: %v, %v", what, who, err)
	}
}

// passes returns when whatever the node knew has to be asked anew.
func passes(t time.Duration) { time.Sleep(t + 10*time.Millisecond) }

func below(prefix string) access.Range {
	return access.Range{From: prefix, To: clientv3.GetPrefixRangeEnd(prefix)}
}
