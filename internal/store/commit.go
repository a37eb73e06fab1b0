package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/kv"
)

// commitTimeout is beyond etcd's own (5 s and two election timeouts), so that etcd's word is heard.
const commitTimeout = 10 * time.Second

// inFlight is how many transactions are under way at the most; more wait here. etcd itself turns away what comes
// when 5,000 are not applied yet.
const inFlight = 1000

// errUnknown means that a transaction may have been committed, or may yet be.
var errUnknown = errors.New("outcome unknown")

// Commit commits one transaction. It does not end with the caller: what was proposed can't be taken back, so its
// outcome had better be known. The error is ErrUnavailable when it is not, and ErrFull when etcd has no room: then the
// transaction was committed or never will be, and a look behind a barrier tells.
func (s *Store) Commit(t kv.Txn) (kv.Result, error) {
	epoch := s.inEpoch()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-epoch.Done():
		return kv.Result{}, unavailable("committing", context.Cause(epoch))
	}
	ctx, cancel := context.WithTimeout(s.inReign(), commitTimeout)
	defer cancel()
	got, err := s.Client.Txn(ctx).If(compares(t.If)...).Then(ops(t.Then)...).Commit()
	switch {
	case err == nil:
		return kv.Result{Succeeded: got.Succeeded, Revision: kv.Revision(got.Header.Revision)}, nil
	case errors.Is(err, rpctypes.ErrNoSpace):
		return kv.Result{}, fmt.Errorf("committing: %w: %w", ErrFull, err)
	case errors.Is(err, rpctypes.ErrTooManyRequests):
		return kv.Result{}, unavailable("committing", err)
	case neverCommits(err):
		return kv.Result{}, fmt.Errorf("committing: %w", err)
	}
	return kv.Result{}, unavailable("committing", fmt.Errorf("%w: %w", errUnknown, err))
}

// neverCommits reports errors that say for certain that nothing was written. ErrNoSpace is not among them: etcd refuses
// what comes to a full database before it is proposed, or when it is applied; but what makes the database full it
// applies, and answers so as well.
func neverCommits(err error) bool {
	for _, certain := range []error{
		rpctypes.ErrRequestTooLarge, rpctypes.ErrTooManyOps, rpctypes.ErrPermissionDenied, rpctypes.ErrDuplicateKey,
		rpctypes.ErrLeaseNotFound,
	} {
		if errors.Is(err, certain) {
			return true
		}
	}
	return false
}

var relations = map[kv.Relation]string{kv.Equal: "=", kv.Greater: ">", kv.Less: "<"}

func compares(in []kv.Compare) []clientv3.Cmp {
	out := make([]clientv3.Cmp, 0, len(in))
	for _, c := range in {
		target := clientv3.CreateRevision(c.Key)
		if c.Target == kv.Mod {
			target = clientv3.ModRevision(c.Key)
		}
		cmp := clientv3.Compare(target, relations[c.Is], int64(c.Rev))
		if c.Prefix {
			cmp = cmp.WithPrefix()
		}
		out = append(out, cmp)
	}
	return out
}

func ops(in []kv.Op) []clientv3.Op {
	out := make([]clientv3.Op, 0, len(in))
	for _, o := range in {
		switch {
		case o.Prefix:
			out = append(out, clientv3.OpDelete(o.Key, clientv3.WithPrefix()))
		case o.Delete:
			out = append(out, clientv3.OpDelete(o.Key))
		default:
			out = append(out, clientv3.OpPut(o.Key, string(o.Value), clientv3.WithLease(clientv3.LeaseID(o.Lease))))
		}
	}
	return out
}
