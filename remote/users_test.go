package remote_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"

	"github.com/cpgate/cpgate/internal/access"
)

// A user loses a role, and then the role is given a right, just between the node's questions for the one and the other.
// Together the answers would grant what never was granted.
func TestAccess_GivesNoRightsThatNeverWere(t *testing.T) {
	t.Parallel()
	var between atomic.Pointer[func()]
	hook := func(ctx context.Context, q any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if _, ok := q.(*pb.AuthRoleGetRequest); ok {
			if change := between.Swap(nil); change != nil {
				(*change)()
			}
		}
		return next(ctx, q)
	}
	r := secured(t, func(c *embed.Config) {
		c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, grpc.ChainUnaryInterceptor(hook))
	})
	done(r.root.RoleAdd(r.soon(), "vain"))(t)
	done(r.root.UserGrantRole(r.soon(), "bob", "vain"))(t)
	between.Store(new(func() {
		done(r.root.UserRevokeRole(r.soon(), "bob", "vain"))(t)
		done(r.root.RoleGrantPermission(r.soon(), "vain", "a", "", clientv3.PermissionType(clientv3.PermReadWrite)))(t)
	}))
	wants(t, "bob", r.caller(named(r.soon(), "bob")).MayWrite(access.Range{From: "a"}), false)
	if between.Load() != nil {
		t.Error("the role was not asked for")
	}
}

// Users who are added all the time keep nobody's rights from being known.
func TestAccess_KnowsRightsWhileOthersChange(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	var r *rig
	hook := func(ctx context.Context, q any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if _, ok := q.(*pb.AuthUserGetRequest); ok {
			user := fmt.Sprint("new", n.Add(1))
			done(r.root.UserAddWithOptions(r.soon(), user, "", &clientv3.UserAddOptions{NoPassword: true}))(t)
		}
		return next(ctx, q)
	}
	r = secured(t, func(c *embed.Config) {
		c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, grpc.ChainUnaryInterceptor(hook))
	})
	who := r.caller(named(r.soon(), "alice"))
	wants(t, "alice", who.MayWrite(below("cp/lock/orders/")), true)
	wants(t, "alice", who.MayWrite(below("cp/lock/")), false)
	if n.Load() == 0 {
		t.Error("no user was added")
	}
}

// A read during which users change is refused for that, whatever the token.
func TestAccess_TriesATokenAgainWhenUsersChangedUnderIt(t *testing.T) {
	t.Parallel()
	var reads atomic.Int64
	hook := func(ctx context.Context, q any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if r, ok := q.(*pb.RangeRequest); ok && string(r.Key) == "cp/" && reads.Add(1)%2 == 1 {
			return nil, rpctypes.ErrGRPCAuthOldRevision
		}
		return next(ctx, q)
	}
	r := secured(t, func(c *embed.Config) {
		c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, grpc.ChainUnaryInterceptor(hook))
	})
	for range 4 {
		_ = r.caller(r.with("token", r.login("alice")))
	}
}
