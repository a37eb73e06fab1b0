package fencedlock

import (
	"context"
	"strings"
	"time"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Sweep removes, until ctx ends, the tickets that wait for a call on a gateway that is gone, once nobody has taken
// them up for the store's grace. A ticket that holds stays: it may have been answered (S3).
func (l *Locks) Sweep(ctx context.Context) {
	wait := l.store.Attend(l.store.Space.Gateways())
	defer wait.Stop()
	for {
		var found []kv.Txn
		l.store.Look(func(v mirror.View) { found = Abandoned(v) })
		select {
		case <-time.After(l.store.Grace):
		case <-ctx.Done():
			return
		}
		if !l.sweep(found) {
			continue
		}
		select {
		case <-wait.News():
		case <-ctx.Done():
			return
		}
	}
}

// sweep reports whether all was removed. What was not has changed meanwhile, or etcd could not be asked: another look
// tells.
func (l *Locks) sweep(found []kv.Txn) bool {
	all := true
	for _, t := range found {
		r, err := l.store.Commit(t)
		all = all && err == nil && r.Succeeded
	}
	return all
}

// Abandoned returns what removes each ticket that waits for a call on a gateway without a marker, on condition that
// nobody touches it, that it still waits, and that the gateway does not come back from a long pause. In each line the
// last comes first: the ticket ahead that proves that one waits is not removed before it.
func Abandoned(v mirror.View) (found []kv.Txn) {
	v.Lines(v.Space().Locks(), "", func(name string, l *line.Line) bool {
		for n := l.Len() - 1; n >= l.Admitted(); n-- {
			i := l.At(n)
			value, ok := decode(i)
			if !ok || describe(name, i, n).Foreign {
				continue
			}
			if marker := v.Space().Gateway(gatewayOf(value.Holds[0].By)); v.Get(marker) == nil {
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

// gatewayOf returns the gateway of the call that nextCall named so.
func gatewayOf(by string) string {
	gateway, _, _ := strings.Cut(by, ".")
	return gateway
}
