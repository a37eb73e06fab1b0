package tests_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// scribbleTime is how long somebody writes all over our keys.
const scribbleTime = 2 * time.Second

// Whatever is put, written over and deleted below the semaphores and latches while they are in use, no call meets an
// error that we have no name for, the gateway goes on, and destroying what was scribbled on mends it.
func TestEtcdctl_ScribblingAllOverNeverBreaksTheGateway(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	seed := rand.Uint64()
	t.Logf("scribbling by seed %d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), scribbleTime)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { r.scribble(ctx, rand.New(rand.NewPCG(seed, 0))) })
	for _, q := range asks(id) {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := r.ask(r.Context(), q); status.Code(err) == codes.Internal || status.Code(err) == codes.Unknown {
					t.Errorf("%T {%v}: %v", q, q, err)
					return
				}
			}
		})
	}
	all.Wait()

	r.destroyAll()
	for _, sessionless := range []bool{false, true} {
		r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "x", Permits: 1, Sessionless: sessionless})
		session := r.session(0)
		if sessionless {
			session = ""
		}
		r.take(&cpgatev1.AcquireRequest{Name: "x", SessionId: session})
		r.unavailable("x", session)
		r.release("x", session, 1)
		r.destroySemaphore("x")
	}
	r.set("x", 1)
	r.arrive("x")
	if a := must(r.Await(r.soon(), &cpgatev1.AwaitRequest{Name: "x"}))(t); !a.GetCompleted() {
		t.Errorf("waiting got %v", a)
	}
}

func (r *rig) destroyAll() {
	r.Helper()
	must(r.DestroySemaphore(r.soon(), &cpgatev1.DestroySemaphoreRequest{Name: "x"}))(r.T)
	must(r.DestroyLatch(r.soon(), &cpgatev1.DestroyLatchRequest{Name: "x"}))(r.T)
	for _, root := range []string{"cp/semaphore/", "cp/latch/"} {
		if left := r.keys(root + "x"); len(left) > 0 {
			r.Errorf("left is %q", left[0].Key)
		}
	}
}

// scribble puts, writes over and deletes keys of the semaphore and the latch "x" until ctx ends.
func (r *rig) scribble(ctx context.Context, by *rand.Rand) {
	values := append([]string{
		`{"permits":1}`, `{"permits":-1,"sessionless":true}`, `{"permits":2147483647}`, `{"permits":1,"by":"g.1"}`,
		`{"permits":2,"pause":"p"}`, `{"permits":1,"admitted_through":{"create":9223372036854775807,"key":"x"}}`,
		`{"permits":1,"admitted_through":{"create":-1}}`, `{"count":1}`, `{"count":2147483647,"last_round":-1}`,
	}, scribbles...)
	for ctx.Err() == nil {
		keys := []string{
			"cp/semaphore/x", "cp/latch/x", "cp/semaphore/x/x", "cp/semaphore/x/-.r", "cp/semaphore/x/7b.r", "cp/latch/x/1/r",
			"cp/semaphore/x/", "cp/latch/x/", "cp/memo/-/semaphore/x/r",
		}
		for _, root := range []string{"cp/semaphore/x", "cp/latch/x", "cp/memo/"} {
			got, err := r.etcd.Get(ctx, root, clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(20))
			if err != nil {
				return // ctx has ended
			}
			for _, kv := range got.Kvs {
				keys = append(keys, string(kv.Key))
			}
		}
		key, value := keys[by.IntN(len(keys))], values[by.IntN(len(values))]
		switch by.IntN(5) {
		case 0:
			_, _ = r.etcd.Delete(ctx, key)
		case 1:
			_, _ = r.etcd.Put(ctx, key, value, clientv3.WithIgnoreLease()) // an error where it is not there
		case 2:
			_, _ = r.etcd.Put(ctx, key, value)
		case 3:
			_, _ = r.etcd.Put(ctx, key, "", clientv3.WithIgnoreValue())
		case 4: // what is damaged stays so: else all calls would only be told that
			_, _ = r.etcd.Delete(ctx, []string{"cp/semaphore/x", "cp/latch/x"}[by.IntN(2)], clientv3.WithPrefix())
		}
	}
}

// asks are all calls to the semaphore and the latch "x". None waits for long.
func asks(session string) []proto.Message {
	brief := durationpb.New(20 * time.Millisecond)
	all := []proto.Message{
		&cpgatev1.InitSemaphoreRequest{Name: "x", Permits: 2}, &cpgatev1.InitSemaphoreRequest{Name: "x", Sessionless: true},
		&cpgatev1.IncreasePermitsRequest{Name: "x", Permits: 2}, &cpgatev1.ReducePermitsRequest{Name: "x", Permits: 1},
		&cpgatev1.GetSemaphoreRequest{Name: "x"}, &cpgatev1.ListSemaphoresRequest{},
		&cpgatev1.TrySetCountRequest{Name: "x", Count: 2}, &cpgatev1.CountDownRequest{Name: "x"},
		&cpgatev1.AwaitRequest{Name: "x", Timeout: brief}, &cpgatev1.GetLatchRequest{Name: "x"}, &cpgatev1.ListLatchesRequest{},
	}
	for _, id := range []string{session, ""} {
		all = append(all,
			&cpgatev1.AcquireRequest{Name: "x", SessionId: id, RequestId: "r", Attempt: 1, Timeout: brief},
			&cpgatev1.AcquireRequest{Name: "x", SessionId: id, Permits: some(2), Timeout: brief},
			&cpgatev1.ReleaseRequest{Name: "x", SessionId: id}, &cpgatev1.DrainPermitsRequest{Name: "x", SessionId: id},
			&cpgatev1.AcquireRequest{Name: "x", SessionId: id, RequestId: "c", Timeout: brief},
			&cpgatev1.CancelAcquireRequest{Name: "x", SessionId: id, RequestId: "c"})
	}
	return append(all, &cpgatev1.ReleaseRequest{Name: "x", SessionId: session, TicketId: "r"})
}
