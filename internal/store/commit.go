package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/proposal"
)

// commitTimeout is beyond etcd's own (5 s and two election timeouts), so that etcd's word is heard.
const commitTimeout = 10 * time.Second

// errUnknown means that a transaction may have been committed, or may yet be.
var errUnknown = errors.New("outcome unknown")

// Commit commits one transaction, in one proposal with others that wait, as package proposal has it. It does not end with
// the caller: what was proposed can't be taken back, so its outcome had better be known. The error is ErrUnavailable when
// it is not, and ErrFull when etcd has no room: then the transaction was committed or never will be, and a look behind a
// barrier tells.
func (s *Store) Commit(t kv.Txn) (kv.Result, error) {
	c := &commit{epoch: s.inEpoch(), done: make(chan struct{})}
	if group := s.commits.add(proposal.NewEntry(t, c)); group != nil {
		s.carry(group)
	}
	<-c.done
	return c.result, c.err
}

// txn has etcd decide a transaction. The error is as Commit's, or says that it certainly was not committed.
func (s *Store) txn(cmps []clientv3.Cmp, then []clientv3.Op) (*clientv3.TxnResponse, error) {
	ctx, cancel := context.WithTimeout(s.inReign(), commitTimeout)
	defer cancel()
	got, err := s.Client.Txn(ctx).If(cmps...).Then(then...).Commit()
	switch {
	case err == nil:
		return got, nil
	case errors.Is(err, rpctypes.ErrNoSpace):
		return nil, fmt.Errorf("committing: %w: %w", ErrFull, err)
	case errors.Is(err, rpctypes.ErrTooManyRequests):
		return nil, unavailable("committing", err)
	case neverCommits(err):
		return nil, fmt.Errorf("committing: %w", err)
	}
	return nil, unavailable("committing", fmt.Errorf("%w: %w", errUnknown, err))
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

var relations = map[kv.Relation]pb.Compare_CompareResult{
	kv.Equal: pb.Compare_EQUAL, kv.Greater: pb.Compare_GREATER, kv.Less: pb.Compare_LESS,
}

// compares fills in what clientv3 would else copy for each of its options.
func compares(in []kv.Compare) []clientv3.Cmp {
	out := make([]clientv3.Cmp, len(in))
	for n, c := range in {
		out[n] = clientv3.CreateRevision(c.Key)
		p := out[n].GetCompare()
		p.Result = relations[c.Is]
		p.TargetUnion = &pb.Compare_CreateRevision{CreateRevision: int64(c.Rev)}
		if c.Target == kv.Mod {
			p.Target, p.TargetUnion = pb.Compare_MOD, &pb.Compare_ModRevision{ModRevision: int64(c.Rev)}
		}
		if c.Prefix {
			p.RangeEnd = []byte(clientv3.GetPrefixRangeEnd(c.Key))
		}
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
