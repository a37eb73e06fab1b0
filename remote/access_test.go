package remote_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/remote"
)

// Expiry changes no revision, so it is found out by trying the token again.
func TestAccess_TokensExpire(t *testing.T) {
	t.Parallel()
	simple := secured(t, func(c *embed.Config) { c.AuthTokenTTL = 1 })
	one := simple.with("token", simple.login("alice"))
	_ = simple.caller(one)
	signed := secured(t, signing(t, time.Second))
	other := signed.with("token", signed.login("alice"))
	_ = signed.caller(other)
	passes(2*time.Second + remote.TokenGood) // etcd looks for expired ones once a second
	simple.refuses(one, "a token that etcd has forgotten")
	signed.refuses(other, "a signed token")
}

func TestAccess_IsForNobodyWhereEtcdHasNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, ctx := range []context.Context{r.soon(), r.with("token", "any"), named(r.soon(), "alice")} {
		if who, err := r.Caller(ctx); who != nil || err != nil {
			t.Errorf("got %v, %v", who, err)
		}
	}
	if _, err := r.Login(r.soon(), "root", "secret"); !errors.Is(err, access.ErrNotEnabled) {
		t.Errorf("logging in: %v", err)
	}
}

func TestAccess_KnowsCallersAsEtcdDoes(t *testing.T) {
	t.Parallel()
	r := secured(t)
	alice, bob := r.login("alice"), r.login("bob")
	through := must(r.cluster.NewNobody())(t)
	t.Cleanup(func() { _ = through.Close() })
	passed := must(through.Authenticate(r.soon(), "alice", "of alice"))(t).Token

	for what, tt := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"a token":                   {r.with("token", alice), "alice"},
		"another token":             {r.with("authorization", bob), "bob"},
		"a bearer of one":           {r.with("authorization", "Bearer "+alice), "alice"},
		"two of them":               {r.with("token", alice, "authorization", bob), "alice"},
		"one that etcd's API gave":  {r.with("token", passed), "alice"},
		"a certificate":             {named(r.soon(), "bob"), "bob"},
		"a certificate, over REST":  {named(r.with("grpcgateway-accept", "*/*"), "bob"), "bob"},
		"a certificate and a token": {named(r.with("token", alice), "bob"), "alice"},
	} {
		if who, err := r.Caller(tt.ctx); err != nil || who.Name() != tt.want {
			t.Errorf("%s: %v, %v; want %s", what, who, err, tt.want)
		}
	}
}

func TestAccess_RefusesWhomEtcdDoesNotKnow(t *testing.T) {
	t.Parallel()
	r := secured(t)
	elsewhere := must(r.client("", "").Authenticate(r.soon(), "alice", "of alice"))(t).Token
	for what, ctx := range map[string]context.Context{
		"nobody":                             r.soon(),
		"no token of etcd's":                 r.with("token", "no"),
		"no token":                           r.with("token", ""),
		"a password":                         r.with("authorization", "Basic YWxpY2U6b2YgYWxpY2U="),
		"a token that was given elsewhere":   r.with("token", elsewhere),
		"a signed token":                     r.with("token", signed(t, "root", 99, time.Hour)),
		"no user":                            named(r.soon(), "carol"),
		"no name":                            named(r.soon(), ""),
		"no token, whatever the certificate": named(r.with("token", "no"), "alice"),
	} {
		r.refuses(ctx, what)
	}
	done(r.root.UserAddWithOptions(r.soon(), "dave", "", &clientv3.UserAddOptions{NoPassword: true}))(t)
	for _, user := range []string{"", "alice", "carol", "dave"} {
		if token, err := r.Login(r.soon(), user, "wrong"); !errors.Is(err, access.ErrUnauthenticated) || token != "" {
			t.Errorf("%q with a wrong password: %q, %v", user, token, err)
		}
	}
}

func TestAccess_PermitsWhatTheRolesDoTogether(t *testing.T) {
	t.Parallel()
	r := secured(t)
	r.role("first", "cp/latch/a", clientv3.PermReadWrite)
	done(r.root.RoleGrantPermission(r.soon(), "first", "cp/latch/b", "cp/latch/c", clientv3.PermissionType(clientv3.PermRead)))(t)
	done(r.root.UserAdd(r.soon(), "erin", "of erin"))(t)
	for _, role := range []string{"first", "orders"} {
		done(r.root.UserGrantRole(r.soon(), "erin", role))(t)
	}
	callers := map[string]access.Caller{"root": r.caller(named(r.soon(), "root"))}
	for _, name := range []string{"alice", "bob", "erin"} {
		callers[name] = r.caller(r.with("token", r.login(name)))
	}
	both := access.Range{From: "cp/latch/a", To: "cp/latch/c"}
	for _, tt := range []struct {
		q           access.Range
		read, write string // who may
	}{
		{below("cp/lock/orders/"), "alice erin root", "alice erin root"},
		{below("cp/lock/orders2/"), "root", "root"},
		{below("cp/lock/orders"), "root", "root"},
		{below("cp/lock/"), "root", "root"},
		{access.Range{From: "cp/lock/orders/1"}, "alice erin root", "alice erin root"},
		{access.Range{From: "cp/lock/orders"}, "root", "root"},
		{both, "erin root", "root"},
		{below("cp/latch/a"), "erin root", "erin root"},
		{access.Range{From: "a", To: "\x00"}, "root", "root"},
	} {
		for name, who := range callers {
			wants(t, fmt.Sprintf("%s reads %q", name, tt.q), who.MayRead(tt.q), strings.Contains(tt.read, name))
			wants(t, fmt.Sprintf("%s writes %q", name, tt.q), who.MayWrite(tt.q), strings.Contains(tt.write, name))
		}
	}
	for name, who := range callers {
		wants(t, name+" is root", who.IsRoot(), name == "root")
	}
}

func wants(t *testing.T, what string, err error, yes bool) {
	t.Helper()
	if yes && err != nil || !yes && !errors.Is(err, access.ErrDenied) {
		t.Errorf("%s: %v, want %v", what, err, yes)
	}
}

func TestAccess_GoesByWhatHasChanged(t *testing.T) {
	t.Parallel()
	r := secured(t)
	orders := below("cp/lock/orders/")
	alice, bob := r.with("token", r.login("alice")), r.with("token", r.login("bob"))
	wants(t, "alice", r.caller(alice).MayWrite(orders), true)
	wants(t, "bob", r.caller(bob).MayWrite(orders), false)

	done(r.root.UserGrantRole(r.soon(), "bob", "orders"))(t)
	wants(t, "bob, just granted it", r.caller(bob).MayWrite(orders), true)
	r.permit("orders", "cp/lock/more/", clientv3.PermRead)
	wants(t, "bob, whose role was just granted more", r.caller(bob).MayRead(below("cp/lock/more/")), true)

	long := r.caller(bob)
	done(r.root.UserRevokeRole(r.soon(), "bob", "orders"))(t)
	passes(remote.Fresh)
	wants(t, "bob, no more", r.caller(bob).MayWrite(orders), false)
	wants(t, "bob, no more, in a call from before", long.MayWrite(orders), false)

	done(r.root.UserChangePassword(r.soon(), "alice", "another"))(t)
	long = r.caller(named(r.soon(), "bob"))
	done(r.root.UserDelete(r.soon(), "bob"))(t)
	passes(remote.Fresh)
	r.refuses(alice, "a token from before the password changed")
	r.refuses(bob, "the token of a user that is gone")
	r.refuses(named(r.soon(), "bob"), "the certificate of one")
	if err := long.MayRead(orders); !errors.Is(err, access.ErrUnauthenticated) {
		t.Errorf("in a call from before: %v", err)
	}
	done(r.root.UserAdd(r.soon(), "bob", "of bob"))(t)
	if who := r.caller(named(r.soon(), "bob")); who.Name() != "bob" {
		t.Errorf("a new user is %v", who)
	}
	r.refuses(bob, "the token of an earlier user of that name")
}

func TestAccess_IsSwitchedOnAndOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if who, err := r.Caller(r.soon()); who != nil || err != nil {
		t.Fatalf("before: %v, %v", who, err)
	}
	done(r.root.AuthEnable(r.soon()))(t)
	passes(remote.Fresh)
	r.refuses(r.soon(), "switched on")
	root := r.caller(named(r.soon(), "root"))
	done(r.root.AuthDisable(r.soon()))(t)
	if who, err := r.Caller(r.soon()); who != nil || err != nil {
		t.Errorf("just switched off: %v, %v", who, err)
	}
	if err := root.MayWrite(below("a")); err != nil {
		t.Errorf("in a call from before: %v", err)
	}
}

func TestAccess_WithoutAnAnswerLetsNobodyPass(t *testing.T) {
	t.Parallel()
	r := secured(t)
	ctx := r.with("token", r.login("alice"))
	who := r.caller(ctx)
	wants(t, "alice", who.MayRead(below("cp/lock/orders/")), true)
	r.stop()
	passes(remote.Fresh)
	var asking sync.WaitGroup
	for what, ask := range map[string]func() error{
		"a call":             func() error { _, err := r.Caller(ctx); return err },
		"a call of nobody's": func() error { _, err := r.Caller(r.soon()); return err },
		"a right":            func() error { return who.MayRead(below("cp/lock/orders/")) },
		"being root":         who.IsRoot,
		"a login":            func() error { _, err := r.Login(r.soon(), "alice", "of alice"); return err },
	} {
		asking.Go(func() {
			err := ask()
			for _, no := range []error{nil, access.ErrDenied, access.ErrUnauthenticated, access.ErrNotEnabled} {
				if errors.Is(err, no) {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	asking.Wait()
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.Caller(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that was given up: %v", err)
	}
}

// Who looks up rights has to be root.
func TestAccess_SaysWhatItsOwnUserLacks(t *testing.T) {
	t.Parallel()
	r := secured(t)
	done(r.root.RoleGrantPermission(r.soon(), "orders", "cp/", clientv3.GetPrefixRangeEnd("cp/"), clientv3.PermissionType(clientv3.PermRead)))(t)
	humble := r.open("alice", "of alice").Access()
	_, err := humble.Caller(named(r.soon(), "bob"))
	if !errors.Is(err, rpctypes.ErrPermissionDenied) || errors.Is(err, access.ErrDenied) || !strings.Contains(err.Error(), `"alice", needs the role root`) {
		t.Errorf("got %v", err)
	}
}

// However many call, etcd is asked once a second, or again for a no.
func TestAccess_AsksEtcdSeldom(t *testing.T) {
	t.Parallel()
	r := secured(t)
	ctx := r.with("token", r.login("alice"))
	r.caller(ctx)
	passes(remote.Fresh)
	before, began := r.etcd.Server.CommittedIndex(), time.Now()
	var calling sync.WaitGroup
	for range 20 {
		calling.Go(func() {
			for range 50 {
				who, err := r.Caller(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				wants(t, "alice", who.MayWrite(below("cp/lock/orders/")), true)
			}
		})
	}
	calling.Wait()
	who := r.caller(ctx)
	for range 1000 {
		wants(t, "alice is root", who.IsRoot(), false)
	}
	entries, most := r.etcd.Server.CommittedIndex()-before, 2+2*uint64(time.Since(began)/remote.Fresh)
	if entries > most {
		t.Errorf("%d entries in etcd's log after %v, want %d at the most", entries, time.Since(began), most)
	}
}
