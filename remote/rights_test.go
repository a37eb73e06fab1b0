package remote_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/auth"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.uber.org/zap"

	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/remote"
)

// etcd's own access control, without the rest of etcd, has the last word on what random roles permit.
func TestRights_AreThoseThatEtcdGives(t *testing.T) {
	const users, asked = 40, 500
	store := newAuthStore(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("the seed is %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	yes := 0
	for n := range users {
		user := fmt.Sprint("user", n)
		done(store.UserAdd(&pb.AuthUserAddRequest{Name: user, Options: &authpb.UserAddOptions{NoPassword: true}}))(t)
		for i := range random.IntN(4) {
			role := fmt.Sprint(user, "-role", i)
			done(store.RoleAdd(&pb.AuthRoleAddRequest{Name: role}))(t)
			for range random.IntN(5) {
				_, _ = store.RoleGrantPermission(&pb.AuthRoleGrantPermissionRequest{Name: role, Perm: permission(random)}) // what etcd refuses is none
			}
			done(store.UserGrantRole(&pb.AuthUserGrantRoleRequest{User: user, Role: role}))(t)
		}
		if random.IntN(20) == 0 {
			done(store.UserGrantRole(&pb.AuthUserGrantRoleRequest{User: user, Role: "root"}))(t)
		}
		mine := rightsOf(t, store, user)
		for range asked {
			q := access.Range{From: key(random), To: end(random)}
			who := &auth.AuthInfo{Username: user, Revision: store.Revision()}
			read := store.IsRangePermitted(who, []byte(q.From), []byte(q.To)) == nil
			write := store.IsDeleteRangePermitted(who, []byte(q.From), []byte(q.To)) == nil
			if mine.MayRead(q) != read || mine.MayWrite(q) != write {
				t.Fatalf("%s on %q: read %v, write %v; etcd says %v, %v", user, q, mine.MayRead(q), mine.MayWrite(q), read, write)
			}
			if read || write {
				yes++
			}
		}
	}
	if all := users * asked; yes < all/20 || yes > all*19/20 {
		t.Errorf("%d of %d were permitted: that shows little", yes, all)
	}
}

// rightsOf reads what the node reads.
func rightsOf(t *testing.T, store auth.AuthStore, user string) remote.Rights {
	t.Helper()
	roles := must(store.UserGet(&pb.AuthUserGetRequest{Name: user}))(t).Roles
	var all [][]*authpb.Permission
	for _, role := range roles {
		if role != "root" {
			all = append(all, must(store.RoleGet(&pb.AuthRoleGetRequest{Role: role}))(t).Perm)
		}
	}
	return remote.NewRights(roles, all...)
}

func newAuthStore(t *testing.T) auth.AuthStore {
	t.Helper()
	c := backend.DefaultBackendConfig(zap.NewNop())
	c.Path = filepath.Join(t.TempDir(), "db")
	be := backend.New(c)
	tokens := must(auth.NewTokenProvider(zap.NewNop(), "simple", func(uint64) <-chan struct{} { return nil }, 0))(t)
	store := auth.NewAuthStore(zap.NewNop(), schema.NewAuthBackend(zap.NewNop(), be), tokens, 4)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := be.Close(); err != nil {
			t.Error(err)
		}
	})
	done(store.UserAdd(&pb.AuthUserAddRequest{Name: "root", Options: &authpb.UserAddOptions{NoPassword: true}}))(t)
	done(store.UserGrantRole(&pb.AuthUserGrantRoleRequest{User: "root", Role: "root"}))(t)
	if err := store.AuthEnable(); err != nil {
		t.Fatal(err)
	}
	return store
}

func permission(random *rand.Rand) *authpb.Permission {
	return &authpb.Permission{
		PermType: authpb.Permission_Type(random.IntN(3)), Key: []byte(key(random)), RangeEnd: []byte(end(random)),
	}
}

// key is short and of few letters, so that ranges touch, overlap and nest.
func key(random *rand.Rand) string {
	const letters = "ab/0\xff"
	b := make([]byte, 1+random.IntN(3))
	for i := range b {
		b[i] = letters[random.IntN(len(letters))]
	}
	return string(b)
}

func end(random *rand.Rand) string {
	switch random.IntN(5) {
	case 0:
		return "" // one key
	case 1:
		return "\x00" // no end
	}
	return key(random)
}

func done[A any](_ A, err error) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func must[A any](a A, err error) func(*testing.T) A {
	return func(t *testing.T) A {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}
