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

func newRights(roles []string) *rights {
	return &rights{root: slices.Contains(roles, rootRole), read: adt.NewIntervalTree(), write: adt.NewIntervalTree()}
}

// grant adds what one role permits.
func (r *rights) grant(all []*authpb.Permission) {
	for _, p := range all {
		keys := interval(string(p.Key), string(p.RangeEnd))
		if p.PermType != authpb.Permission_WRITE {
			r.read.Insert(keys, nil)
		}
		if p.PermType != authpb.Permission_READ {
			r.write.Insert(keys, nil)
		}
	}
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
