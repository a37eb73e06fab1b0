package client_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

// realm is a node with a user alice, who may use the lock and the latch "orders".
type realm struct {
	*cpgatetest.Node
	etcd *clientv3.Client // as root
}

func newRealm(t *testing.T, options ...cpgatetest.Option) *realm {
	t.Helper()
	r := &realm{Node: cpgatetest.Start(t, append(options, cpgatetest.WithConfig(fitting))...)}
	r.etcd = r.asRoot(t)
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := within(t)
	do(r.etcd.UserAdd(ctx, "root", "root's word"))
	do(r.etcd.UserGrantRole(ctx, "root", "root"))
	do(r.etcd.UserAdd(ctx, "alice", "secret"))
	do(r.etcd.RoleAdd(ctx, "orders"))
	do(r.etcd.UserGrantRole(ctx, "alice", "orders"))
	for _, line := range []string{"cp/lock/orders/", "cp/latch/orders/"} {
		do(r.etcd.RoleGrantPermission(ctx, "orders", line, clientv3.GetPrefixRangeEnd(line), clientv3.PermissionType(clientv3.PermReadWrite)))
	}
	return r
}

// fitting leaves out that etcd warns of every old token, and lets clients notice soon that their session serves them no more.
func fitting(c *cpgate.Config) { c.Logger, c.SessionHeartbeatIntervalSeconds = nil, 1 }

func (r *realm) asRoot(t *testing.T) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{r.Addr()}, Username: "root", Password: "root's word", DialTimeout: soon, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// enable switches access control on.
func (r *realm) enable(t *testing.T) {
	t.Helper()
	if _, err := r.etcd.AuthEnable(within(t)); err != nil {
		t.Fatal(err)
	}
	r.etcd = r.asRoot(t)
}

func (r *realm) as(t *testing.T, user, password string) *client.Client {
	t.Helper()
	cfg := at(r.Addr())
	cfg.User, cfg.Password = user, password
	return connect(t, cfg)
}

// The steps of one story, since passwords make realms slow to found.
func TestAccess_GovernsWhatAClientDoes(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	alice := r.as(t, "alice", "secret")
	l := alice.Lock("orders")
	lock(t, l)
	unlock(t, l)
	r.enable(t)
	t.Run("switched on under way", func(t *testing.T) {
		await(t, func() bool { return cycle(within(t), l) == nil }) // in a new session: those from before serve root alone
	})
	t.Run("no right", func(t *testing.T) {
		if _, err := alice.Lock("orders2").Lock(within(t)); !errors.Is(err, client.ErrPermissionDenied) {
			t.Errorf("%v", err)
		}
	})
	t.Run("unknown callers", func(t *testing.T) {
		for who, c := range map[string]*client.Client{
			"nobody": r.Client(t), "a wrong password": r.as(t, "alice", "guessed"), "no such user": r.as(t, "bob", "secret"),
		} {
			if _, err := c.Lock("orders").Lock(within(t)); !errors.Is(err, client.ErrUnauthenticated) {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
	t.Run("the password is set", func(t *testing.T) {
		r.noticesNothing(t, alice, func() error {
			_, err := r.etcd.UserChangePassword(within(t), "alice", "secret")
			return err
		})
	})
	if err := alice.Close(); err != nil {
		t.Error(err)
	}
}

// Any change of users and roles ends all tokens that are signed.
func TestAccess_TokensThatAreSignedEndUnnoticed(t *testing.T) {
	t.Parallel()
	r := newRealm(t, cpgatetest.WithConfig(func(c *cpgate.Config) {
		c.AuthToken = "jwt,sign-method=EdDSA,priv-key=" + signingKey(t)
	}))
	r.enable(t)
	r.noticesNothing(t, r.as(t, "alice", "secret"), func() error {
		_, err := r.etcd.RoleGrantPermission(within(t), "orders", "any", "", clientv3.PermissionType(clientv3.PermRead))
		return err
	})
}

// noticesNothing has a client hold, wait and call while that ends its tokens.
func (r *realm) noticesNothing(t *testing.T, c *client.Client, end func() error) {
	t.Helper()
	busy := c.Lock("orders", client.Owner("busy"))
	lock(t, busy)
	id, err := c.SessionID(within(t))
	if err != nil {
		t.Fatal(err)
	}
	waiting := lockAside(within(t), c.Lock("orders", client.Owner("waits")))
	var all errgroup.Group
	for range 2 {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			all.Go(func() error { return c.Latch("orders").CountDown(within(t)) })
		}
		if err := all.Wait(); err != nil {
			t.Error(err)
		}
	}
	unlock(t, busy)
	if g := receive(t, waiting); g.err != nil {
		t.Errorf("%+v", g)
	}
	if now, err := c.SessionID(within(t)); err != nil || now != id {
		t.Errorf("session %s, %v, was %s", now, err, id)
	}
}

// signingKey makes a key for tokens and gives the path of its file.
func signingKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "jwt.key")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
