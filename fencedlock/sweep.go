package fencedlock

import (
	"context"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Sweep removes, until ctx ends, the tickets that wait for a call on a gateway that is gone, once nobody has taken
// them up for the store's grace. A ticket that holds stays: it may have been answered (S3).
func (l *Locks) Sweep(ctx context.Context) { l.store.Sweep(ctx, Abandoned) }

// Abandoned returns what removes each ticket that waits for a call on a gateway without a marker, on condition that
// nobody touches it, that it still waits, and that the gateway does not come back from a long pause. In each line the
// last comes first: the ticket ahead that proves that one waits is not removed before it.
func Abandoned(v mirror.View) (found []kv.Txn) {
	v.Groups(v.Space().Locks(), "", func(name string) bool {
		l := v.Line(name)
		for n := l.Len() - 1; n >= l.Admitted(); n-- {
			i := l.At(n)
			value, ok := decode(i)
			if !ok || describe(name, i, n).Foreign {
				continue
			}
			if marker := v.Space().Gateway(keys.GatewayOf(value.Holds[0].By)); v.Get(marker) == nil {
				found = append(found, kv.Txn{
					If:   []kv.Compare{kv.Unchanged(i), kv.Same(l.At(n / 2)), kv.Absent(marker)},
					Then: []kv.Op{kv.Delete(i.Key)},
				})
			}
		}
		return true
	})
	return found
}
