package remote

import (
	"slices"

	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/pkg/v3/adt"

	"github.com/cpgate/cpgate/internal/access"
)

// rootRole is the name of the role that may everything, whatever it says of itself.
const rootRole = "root"

// rights are what the roles of a user permit together, by etcd's own rules and with its own tree of ranges: see
// range_perm_cache.go in its package auth. They are not changed once others have them.
type rights struct {
	root        bool
	read, write adt.IntervalTree
}

// grants are what etcd tells of a user: its roles, and what they permit.
type grants struct {
	roles []string
	all   []grant
}

type grant struct {
	kind     authpb.Permission_Type
	from, to string
}

func (g *grants) add(permissions []*authpb.Permission) {
	for _, p := range permissions {
		g.all = append(g.all, grant{p.PermType, string(p.Key), string(p.RangeEnd)})
	}
}

func (g *grants) equal(o *grants) bool {
	if g == nil || o == nil {
		return g == o
	}
	return slices.Equal(g.roles, o.roles) && slices.Equal(g.all, o.all)
}

// rights returns nil for somebody who is no user.
func (g *grants) rights() *rights {
	if g == nil {
		return nil
	}
	r := &rights{root: slices.Contains(g.roles, rootRole), read: adt.NewIntervalTree(), write: adt.NewIntervalTree()}
	for _, p := range g.all {
		keys := interval(p.from, p.to)
		if p.kind != authpb.Permission_WRITE {
			r.read.Insert(keys, nil)
		}
		if p.kind != authpb.Permission_READ {
			r.write.Insert(keys, nil)
		}
	}
	return r
}

func (r *rights) mayRead(q access.Range) bool { return r.root || covers(r.read, q) }

func (r *rights) mayWrite(q access.Range) bool { return r.root || covers(r.write, q) }

// covers reports whether the ranges of t together have every key of q.
func covers(t adt.IntervalTree, q access.Range) bool {
	keys := interval(q.From, q.To)
	if q.To == "" {
		return t.Intersects(keys)
	}
	return t.Contains(keys)
}

// interval is a range as etcd spells it: without an end a single key, and with the end "\x00" all from there on.
func interval(from, to string) adt.Interval {
	switch to {
	case "":
		return adt.NewStringAffinePoint(from)
	case "\x00":
		to = ""
	}
	return adt.NewStringAffineInterval(from, to)
}
