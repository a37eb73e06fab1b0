package tests_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

func try(id, name string) *cpgatev1.LockRequest {
	return &cpgatev1.LockRequest{Name: name, SessionId: id, Timeout: durationpb.New(0)}
}

// A role that is taken away, or given, takes effect without anybody's logging in again.
func TestAccess_RolesTakeEffect(t *testing.T) {
	t.Parallel()
	r := newRealm(t, two)
	for route, call := range routes(t, r.addr) {
		t.Run(route, func(t *testing.T) {
			alice := r.as(call, r.login("alice")).on(t)
			id := alice.session(30)
			alice.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
			_ = must(r.root.UserRevokeRole(r.soon(), "alice", "alice"))(t)
			alice.await("the right to be gone", func() bool { return reason(alice.ask(alice.soon(), try(id, "orders"))) == "PERMISSION_DENIED" })
			alice.refuses(alice.ask(alice.soon(), &cpgatev1.UnlockRequest{Name: "orders", SessionId: id}), cpgatev1.ErrorReason_PERMISSION_DENIED)
			_ = must(r.root.UserGrantRole(r.soon(), "alice", "alice"))(t)
			alice.await("the right to be back", func() bool { return alice.ask(alice.soon(), try(id, "orders")) == nil })
			_ = must(alice.CloseSession(alice.soon(), &cpgatev1.CloseSessionRequest{SessionId: id}))(t)
		})
	}
}

// A password that changes ends the tokens that it was good for, and so does the end of the user.
func TestAccess_TokensEndWithThePasswordAndTheUser(t *testing.T) {
	t.Parallel()
	r := newRealm(t, two)
	call := routes(t, r.addr)["REST"]
	alice, bob := r.as(call, r.login("alice")), r.as(call, r.login("bob"))
	id, other := alice.session(30), bob.session(30)
	_ = must(r.root.UserChangePassword(r.soon(), "alice", "another"))(t)
	_ = must(r.root.UserDelete(r.soon(), "bob"))(t)
	for _, as := range map[string]*rig{id: alice, other: bob} {
		as.await("the token's end", func() bool { return reason(as.ask(as.soon(), try(id, "orders"))) == "UNAUTHENTICATED" })
	}
	_, err := cpgatev1.NewAuthServiceClient(r.conn).Login(r.soon(), &cpgatev1.LoginRequest{User: "alice", Password: passwordOf("alice")})
	r.refuses(err, cpgatev1.ErrorReason_UNAUTHENTICATED)
}

// Signed tokens end at their time, and with any change of users and roles, which they would not know of.
func TestAccess_SignedTokensExpire(t *testing.T) {
	t.Parallel()
	if *kind != "member" {
		t.Skip("the tokens are those of the etcd behind it, which signs none")
	}
	const ttl = 2 * time.Second
	r := newRealm(t, two, func(c *cpgate.Config) {
		c.AuthToken = fmt.Sprintf("jwt,priv-key=%s,sign-method=EdDSA,ttl=%v", newKey(t), ttl)
	})
	for route, call := range routes(t, r.addr) {
		t.Run(route, func(t *testing.T) {
			token, begin := r.login("alice"), time.Now()
			alice := r.as(call, token).on(t)
			id := alice.session(30)
			alice.await("the token's end", func() bool { return reason(alice.ask(alice.soon(), try(id, "orders"))) == "UNAUTHENTICATED" })
			if lived := time.Since(begin); lived < ttl-time.Second { // it counts whole seconds
				t.Errorf("the token was good for %v, want %v", lived, ttl)
			}
			again := r.as(call, r.login("alice")).on(t)
			again.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
			_ = must(r.root.RoleAdd(r.soon(), "new for "+route))(t)
			again.refuses(again.ask(again.soon(), try(id, "orders")), cpgatev1.ErrorReason_UNAUTHENTICATED)
			fresh := r.as(call, r.login("alice")).on(t)
			_ = must(fresh.CloseSession(fresh.soon(), &cpgatev1.CloseSessionRequest{SessionId: id}))(t)
		})
	}
}

// newKey writes a key that tokens can be signed with.
func newKey(t *testing.T) (file string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der := must(x509.MarshalPKCS8PrivateKey(key))(t)
	file = filepath.Join(t.TempDir(), "token.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Callers with different rights who call at the same time, on the same names, are each told what is theirs, also while
// users and roles change all the time.
func TestAccess_ManyCallersAtOnce(t *testing.T) {
	t.Parallel()
	r := newRealm(t, map[string][]permission{"alice": two["alice"], "bob": two["bob"], "idler": nil})
	all := routes(t, r.addr)
	var group sync.WaitGroup
	begin := make(chan struct{})
	const callers, rounds, changes = 4, 20, 60
	for user, want := range map[string]string{"alice": "OK", "bob": "OK", "idler": "PERMISSION_DENIED", "": "UNAUTHENTICATED"} {
		for n := range callers {
			as := r.as(all[[]string{"gRPC", "REST"}[n%2]], r.login(user))
			id := "7"
			if user != "" {
				id = as.session(600)
			}
			group.Go(func() {
				<-begin
				for n := range rounds {
					request := fmt.Sprint(n)
					if got := as.told(&cpgatev1.LockRequest{Name: "orders", SessionId: id, RequestId: request}); got != want {
						t.Errorf("%s was told %s", user, got)
					}
					if got := as.told(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id, RequestId: request}); got != want {
						t.Errorf("unlocking, %s was told %s", user, got)
					}
				}
			})
		}
	}
	group.Go(func() {
		<-begin // a login would have to pass between two of these
		for n := range changes {
			time.Sleep(50 * time.Millisecond) // as fast as an operator's script
			user := fmt.Sprint("new", n)
			if _, err := r.root.UserAddWithOptions(r.soon(), user, "", &clientv3.UserAddOptions{NoPassword: true}); err != nil {
				t.Errorf("adding a user: %v", err)
			}
		}
	})
	close(begin)
	group.Wait()
}

// told is what a call comes to when it is repeated for as long as etcd does not answer, as it may on a busy machine to a
// node that has to ask it for everything.
func (r *rig) told(q proto.Message) (got string) {
	r.await("an answer", func() bool {
		got = reason(r.ask(r.soon(), q))
		return got != "NO_QUORUM"
	})
	return got
}

// Access control may be switched on, and off, under way: who holds and waits goes on.
func TestAccess_IsSwitchedOnUnderWay(t *testing.T) {
	t.Parallel()
	var options []func(*cpgate.Config)
	if *kind != "member" {
		options = append(options, actsAsRoot(t))
	}
	r := started(t, options...)
	id, other := r.session(30), r.session(30)
	r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: id})
	waits := r.lock(&cpgatev1.LockRequest{Name: "orders", SessionId: other})
	r.awaitLine("orders", 2)
	r.enable()
	realm := &realm{rig: r}
	root := realm.as(routes(t, r.addr)["gRPC"], realm.login("root"))
	look := &cpgatev1.GetLockRequest{Name: "orders"}
	r.await("everybody to be asked", func() bool { return reason(r.ask(r.soon(), look)) == "UNAUTHENTICATED" })
	root.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: id})
	if a, err := waits.end(t); err != nil || a.GetOutcome() != cpgatev1.LockResponse_ACQUIRED {
		t.Errorf("who waited was told %v, %v", a, err)
	}
	_ = must(realm.etcdAs("root").AuthDisable(r.soon()))(t)
	r.await("nobody to be asked", func() bool { return r.ask(r.soon(), look) == nil })
	r.unlock(&cpgatev1.UnlockRequest{Name: "orders", SessionId: other})
}
