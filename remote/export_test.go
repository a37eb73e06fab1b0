package remote

import (
	"context"
	"time"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/cpgate/cpgate/internal/access"
)

// Fresh and TokenGood are after how long etcd is asked again.
const (
	Fresh     = fresh
	TokenGood = tokenGood
)

// Claimed is whom a token names.
func Claimed(token string) string { return claimed(token) }

// Rights makes the pure part of the access control visible to its test.
type Rights struct{ r *rights }

func NewRights(roles []string, permit ...[]*authpb.Permission) Rights {
	g := &grants{roles: roles}
	for _, p := range permit {
		g.add(p)
	}
	return Rights{g.rights()}
}

func (r Rights) MayRead(q access.Range) bool { return r.r.mayRead(q) }

func (r Rights) MayWrite(q access.Range) bool { return r.r.mayWrite(q) }

// Tokens are what a node remembers of the tokens in use.
type Tokens struct{ tokens }

func (t *Tokens) Note(secret, user string, revision uint64) {
	t.note(secret, token{user: user, good: time.Now(), revision: revision})
}

func (t *Tokens) Look(secret string, revision uint64) (user string, good bool) {
	return t.look(secret, revision)
}

// Renew returns what renews leases over shared streams of that service.
func Renew(client pb.LeaseClient) func(ctx context.Context, id int64) (*pb.LeaseKeepAliveResponse, error) {
	return (&renewals{client: client}).renew
}
